# The root module of ENVIRONMENT_NAME: its own folder, its own state.

variable "project" {
  type = string
}

variable "environment" {
  type = string
}

# A stand-in that needs no account: an address of the range for documentation.
resource "terraform_data" "machine" {
  input = "192.0.2.10"
}

output "backend_ip" {
  value = terraform_data.machine.output
}

# --- the real one: take the comment signs away, and the stand-in with its output out
# terraform {
#   required_providers {
#     openstack = {
#       source  = "terraform-provider-openstack/openstack"
#       version = "~> 3.0"
#     }
#   }
# }
#
# provider "openstack" {}
#
# resource "openstack_compute_instance_v2" "machine" {
#   name        = "${var.project}-${var.environment}"
#   image_name  = "Debian 12"
#   flavor_name = "d2-2"
#   key_pair    = "${var.project}-${var.environment}"
#   network {
#     name = "Ext-Net"
#   }
# }
#
# output "backend_ip" {
#   value = openstack_compute_instance_v2.machine.access_ip_v4
# }
# ---
