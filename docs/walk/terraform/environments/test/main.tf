variable "project_id" {
  type      = string
  sensitive = true
}

variable "db_password" {
  type      = string
  sensitive = true
}

# Stands for the machine and the database: the provider is built into terraform.
resource "terraform_data" "backend" {
  input = { name = "test-backend", address = "192.0.2.10" }
}

output "backend_ip" {
  value = terraform_data.backend.output.address
}

output "database_url" {
  value     = "postgres://app:${var.db_password}@test-postgresql.internal:5432/app"
  sensitive = true
}
