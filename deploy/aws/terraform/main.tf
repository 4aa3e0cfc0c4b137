# The role under which Muster reads an account. Apply it once for each account, with a provider for that account.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "scanner_arn" {
  type        = string
  description = "ARN of the role or user under which Muster runs"
  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$", var.scanner_arn))
    error_message = "Give the ARN of a role or a user, as arn:aws:iam::111111111111:role/muster-scanner."
  }
}

variable "external_id" {
  type        = string
  sensitive   = true
  description = "A random text that the scanner must name; give the same to --aws-external-id"
  validation {
    condition     = length(var.external_id) >= 16
    error_message = "Use at least 16 characters."
  }
}

variable "role_name" {
  type        = string
  default     = "muster-read"
  description = "The name of the role; give the same to --aws-organization-role"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [var.scanner_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }
}

resource "aws_iam_role" "reader" {
  name                 = var.role_name
  description          = "Muster reads AI services, identities and their policies under it; it may change nothing."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "reads" {
  name = "muster-reads"
  role = aws_iam_role.reader.id
  # The same file that `muster doctor aws --policy` prints.
  policy = file("${path.module}/../policy.json")
}

output "role_arn" {
  value = aws_iam_role.reader.arn
}
