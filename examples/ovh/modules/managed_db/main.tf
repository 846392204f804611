# A managed PostgreSQL. 17 at most: TimescaleDB is not there for 18 yet.

variable "name" {
  type = string
}

variable "password" {
  type      = string
  sensitive = true
}

variable "engine_version" {
  type    = number
  default = 17

  validation {
    condition     = var.engine_version <= 17
    error_message = "TimescaleDB needs PostgreSQL 17 or older."
  }
}

resource "terraform_data" "service" {
  input = {
    host    = "${var.name}.database.example"
    version = var.engine_version
  }
}

output "host" {
  value = terraform_data.service.output.host
}

output "password" {
  value     = var.password
  sensitive = true
}
