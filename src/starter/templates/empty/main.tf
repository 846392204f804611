# The root module of ENVIRONMENT_NAME: its own folder, its own state.

variable "project" {
  type = string
}

variable "environment" {
  type = string
}

# Built into terraform, needs no provider: a stand-in until the first real resource is here.
resource "terraform_data" "app" {
  input = "${var.project}-${var.environment}"
}

output "app_name" {
  value = terraform_data.app.output
}
