# Which applications a scenario is made of. Everything in it belongs to the cluster, which is a laboratory's: its state is a file
# beside it.
variable "components" { type = list(string) }
variable "scenario" { type = string }
variable "workers" {
  type    = number
  default = 1
}

locals {
  # What differs from the values of a chart.
  values = {
    airflow = { workers = var.workers }
    trino   = { workers = var.scenario == "data-serve" ? 1 : 2 }
  }
}

# One for each, so that a plan says what comes and what goes.
resource "terraform_data" "application" {
  for_each = toset(var.components)
  input    = { namespace = "data", values = lookup(local.values, each.key, {}) }
}

output "applications" {
  value = { for name, one in terraform_data.application : name => one.output }
}
