output "backend_ip" {
  value = module.backend.address
}

output "app_dir" {
  value = module.backend.app_dir
}

output "fqdn" {
  value = terraform_data.dns_record.output.name
}

output "registry" {
  value = var.registry
}

output "postgres_host" {
  value = module.database.host
}

output "postgres_password" {
  value     = module.database.password
  sensitive = true
}
