# The Azure system of the example, on terraform's built-in provider: nothing is downloaded, no account is needed.

terraform {
  required_version = ">= 1.5"
}

locals {
  # A real one would be random; this one stays the same so that a second apply changes nothing.
  suffix = substr(sha256("${var.project}-${var.environment}"), 0, 6)
  name   = "${var.project}${var.environment}${local.suffix}"
}

resource "terraform_data" "storage" {
  input = {
    account   = "st${local.name}"
    container = "raw"
    region    = var.region
  }
}

resource "terraform_data" "postgres" {
  input = {
    host   = "c-${var.project}-${var.environment}-${local.suffix}.postgres.example.com"
    region = var.region
  }
}

resource "terraform_data" "registry" {
  input = {
    name = "acr${local.name}"
  }
}

resource "terraform_data" "backend" {
  input = {
    name    = "${var.environment}-backend"
    address = "192.0.2.${var.host_number}"
  }
}
