output "storage_connection_string" {
  value     = "DefaultEndpointsProtocol=https;AccountName=${terraform_data.storage.output.account};AccountKey=${var.storage_account_key};EndpointSuffix=core.windows.net"
  sensitive = true
}

output "postgres_host" {
  value = terraform_data.postgres.output.host
}

output "postgres_password" {
  value     = var.postgres_admin_password
  sensitive = true
}

output "acr_login_server" {
  value = "${terraform_data.registry.output.name}.azurecr.io"
}

output "acr_admin_username" {
  value = terraform_data.registry.output.name
}

output "acr_admin_password" {
  value     = var.acr_admin_password
  sensitive = true
}

output "backend_ip" {
  value = terraform_data.backend.output.address
}
