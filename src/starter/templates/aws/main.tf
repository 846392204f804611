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

# A stand-in that needs no account: it gives the bucket a name and nothing more.
resource "terraform_data" "bucket" {
  input = "${var.project}-${var.environment}-data"
}

output "bucket_name" {
  value = terraform_data.bucket.output
}

# --- the real one: take the comment signs away, and the stand-in with its output out
# terraform {
#   required_providers {
#     aws = {
#       source  = "hashicorp/aws"
#       version = "~> 6.0"
#     }
#   }
# }
#
# provider "aws" {
#   region = var.region
#   default_tags {
#     tags = { project = var.project, environment = var.environment }
#   }
# }
#
# resource "aws_s3_bucket" "data" {
#   bucket_prefix = "${var.project}-${var.environment}-data-"
# }
#
# resource "aws_s3_bucket_public_access_block" "data" {
#   bucket                  = aws_s3_bucket.data.id
#   block_public_acls       = true
#   block_public_policy     = true
#   ignore_public_acls      = true
#   restrict_public_buckets = true
# }
#
# output "bucket_name" {
#   value = aws_s3_bucket.data.bucket
# }
# ---

output "region" {
  value = var.region
}
