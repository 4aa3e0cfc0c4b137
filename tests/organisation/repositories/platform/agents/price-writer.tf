data "archive_file" "price_writer" {
  type        = "zip"
  source_file = "${path.module}/price_writer.py"
  output_path = "${path.module}/price_writer.zip"
}

resource "aws_lambda_function" "price_writer" {
  function_name = "price-writer"
  role          = aws_iam_role.price_writer.arn
  handler       = "price_writer.handle"
  runtime       = "python3.13"
  filename      = data.archive_file.price_writer.output_path
}

resource "aws_iam_role" "price_writer" {
  name = "price-writer"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}
