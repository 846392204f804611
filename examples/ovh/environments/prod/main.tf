# One machine, one managed database, one DNS record: the modules have the shape of OVH's and terraform's built-in
# provider in the place of OVH's, so that all of it runs without an account.

terraform {
  required_version = ">= 1.10"
  backend "s3" {}
}

module "backend" {
  source     = "../../modules/compute"
  name       = "${var.environment}-backend"
  address    = var.address
  image      = var.image
  public_key = var.ssh_public_key
  disk       = var.disk
}

module "database" {
  source   = "../../modules/managed_db"
  name     = "${var.environment}-postgresql"
  password = var.postgres_password
}

resource "terraform_data" "dns_record" {
  input = {
    name  = "${var.environment}.reboot-lab.example"
    type  = "A"
    value = module.backend.address
  }
}
