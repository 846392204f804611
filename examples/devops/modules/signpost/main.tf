# The place of a site, and what stands there: files of this machine, so that there is no account to have.
terraform {
  required_providers {
    local = { source = "hashicorp/local" }
  }
}

variable "environment" { type = string }
variable "port" { type = number }

resource "local_file" "sign" {
  filename = "${path.root}/made/sign.txt"
  content  = "Ways of ${var.environment}\n"
}

resource "local_file" "notice" {
  filename = "${path.root}/made/notice.txt"
  content  = "\n"
}

output "port" { value = var.port }
output "sign" { value = abspath(local_file.sign.filename) }
