resource "aws_bedrockagent_agent" "price_watch" {
  agent_name              = "price-watch"
  agent_resource_role_arn = aws_iam_role.price_watch.arn
  foundation_model        = "anthropic.claude-3-5-sonnet-20240620-v1:0"
  instruction             = "Compare our prices with those of others every morning, and change ours where the rules allow it."
}

resource "aws_bedrockagent_agent_action_group" "prices" {
  agent_id          = aws_bedrockagent_agent.price_watch.agent_id
  agent_version     = "DRAFT"
  action_group_name = "prices"

  action_group_executor {
    lambda = aws_lambda_function.price_writer.arn
  }

  function_schema {
    member_functions {
      functions {
        name        = "read_prices"
        description = "Reads our prices"
      }
      functions {
        name        = "set_price"
        description = "Changes one of our prices"
      }
    }
  }
}

resource "aws_iam_role" "price_watch" {
  name = "price-watch"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "bedrock.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "ask" {
  name = "ask"
  role = aws_iam_role.price_watch.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "bedrock:InvokeModel", Resource = "*" }]
  })
}
