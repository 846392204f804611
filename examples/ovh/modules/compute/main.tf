# An instance: a container with sshd on an address of its own, and the server of that name at the cloud.

variable "name" {
  type = string
}

variable "address" {
  type = string
}

variable "image" {
  type = string
}

variable "public_key" {
  type = string
}

variable "disk" {
  type = string
}

resource "terraform_data" "instance" {
  input = {
    name       = var.name
    address    = var.address
    image      = var.image
    public_key = var.public_key
    disk       = "${var.disk}/${var.name}"
    script     = "${path.module}/machine"
  }

  triggers_replace = [var.name, var.address, var.image, var.public_key]

  provisioner "local-exec" {
    command = "${self.input.script} create"
    environment = {
      NAME       = self.input.name
      ADDRESS    = self.input.address
      IMAGE      = self.input.image
      PUBLIC_KEY = self.input.public_key
      DISK       = self.input.disk
    }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "${self.input.script} delete"
    environment = {
      NAME = self.input.name
      DISK = self.input.disk
    }
  }
}

output "address" {
  value = terraform_data.instance.output.address
}

output "app_dir" {
  value = "${terraform_data.instance.output.disk}/app"
}
