variable "project" {
  type = string
}

variable "environment" {
  type = string
}

variable "region" {
  type = string
}

variable "host_number" {
  type    = number
  default = 20
}

# The three below come from credentials/*.enc.env: STORAGE_ACCOUNT_KEY becomes TF_VAR_storage_account_key.

variable "storage_account_key" {
  type      = string
  sensitive = true
}

variable "postgres_admin_password" {
  type      = string
  sensitive = true
}

variable "acr_admin_password" {
  type      = string
  sensitive = true
}
