variable "environment" { type = string }
variable "port" { type = number }

module "signpost" {
  source      = "../../modules/signpost"
  environment = var.environment
  port        = var.port
}

output "port" { value = module.signpost.port }
output "sign" { value = module.signpost.sign }
