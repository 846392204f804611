variable "environment" {
  type = string
}

variable "ssh_public_key" {
  type = string
}

variable "postgres_password" {
  description = "From the secret POSTGRES_PASSWORD."
  type        = string
  sensitive   = true
}

variable "address" {
  description = "Address of the machine: a loopback address, since it is a container."
  type        = string
  default     = "127.0.82.1"
}

variable "image" {
  description = "Image of the machine."
  type        = string
  default     = "infractl-test/machine:1"
}

variable "disk" {
  description = "Folder of this computer that is the machine's disk, below the same path there."
  type        = string
  default     = "/tmp/reboot-lab-preprod"
}

variable "registry" {
  description = "Where the images of the services are."
  type        = string
  default     = "127.0.0.1:5000"
}
