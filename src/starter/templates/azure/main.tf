# The root module of ENVIRONMENT_NAME: its own folder, its own state.

variable "project" {
  type = string
}

variable "environment" {
  type = string
}

variable "region" {
  type = string
}

locals {
  # Of a storage account: letters and digits only, 24 at most.
  account = substr(replace(lower("${var.project}${var.environment}"), "/[^a-z0-9]/", ""), 0, 24)
}

# A stand-in that needs no account: it gives the storage a name and nothing more.
resource "terraform_data" "storage" {
  input = local.account
}

output "storage_account" {
  value = terraform_data.storage.output
}

output "storage_connection_string" {
  value     = "UseDevelopmentStorage=true"
  sensitive = true
}

# --- the real one: take the comment signs away, and the stand-in with its outputs out
# terraform {
#   required_providers {
#     azurerm = {
#       source  = "hashicorp/azurerm"
#       version = "~> 4.0"
#     }
#   }
# }
#
# provider "azurerm" {
#   features {}
# }
#
# resource "azurerm_resource_group" "main" {
#   name     = "${var.project}-${var.environment}"
#   location = var.region
# }
#
# resource "azurerm_storage_account" "main" {
#   name                     = local.account
#   resource_group_name      = azurerm_resource_group.main.name
#   location                 = azurerm_resource_group.main.location
#   account_tier             = "Standard"
#   account_replication_type = "LRS"
# }
#
# resource "azurerm_storage_container" "raw" {
#   name               = "raw"
#   storage_account_id = azurerm_storage_account.main.id
# }
#
# output "storage_account" {
#   value = azurerm_storage_account.main.name
# }
#
# output "storage_connection_string" {
#   value     = azurerm_storage_account.main.primary_connection_string
#   sensitive = true
# }
# ---
