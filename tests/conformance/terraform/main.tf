# Queues and topics as an order system declares them. The second generation changes whatever can change in place.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {}

variable "generation" {
  type    = number
  default = 1
}

locals {
  changed = var.generation == 2
}

resource "aws_sqs_queue" "failed" {
  name                      = "failed"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue" "orders" {
  name                       = "orders"
  delay_seconds              = local.changed ? 5 : 0
  max_message_size           = local.changed ? 262144 : 2048
  message_retention_seconds  = local.changed ? 86400 : 345600
  receive_wait_time_seconds  = local.changed ? 20 : 0
  visibility_timeout_seconds = local.changed ? 120 : 30
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.failed.arn
    maxReceiveCount     = local.changed ? 5 : 3
  })

  tags = local.changed ? { team = "returns", tier = "2" } : { team = "shipping", cost = "low" }
}

resource "aws_sqs_queue_redrive_allow_policy" "failed" {
  queue_url = aws_sqs_queue.failed.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.orders.arn]
  })
}

resource "aws_sqs_queue" "returns" {
  name = "returns"
}

resource "aws_sqs_queue_redrive_policy" "returns" {
  queue_url = aws_sqs_queue.returns.id

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.returns_failed.arn
    maxReceiveCount     = local.changed ? 7 : 4
  })
}

resource "aws_sqs_queue" "returns_failed" {
  name = "returns-failed"
}

resource "aws_sqs_queue" "closed" {
  name = "closed"

  redrive_allow_policy = jsonencode({
    redrivePermission = local.changed ? "allowAll" : "denyAll"
  })
}

resource "aws_sqs_queue" "payments" {
  name                        = "payments.fifo"
  fifo_queue                  = true
  content_based_deduplication = !local.changed
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = local.changed ? "perQueue" : "perMessageGroupId"
}

data "aws_iam_policy_document" "from_topic" {
  statement {
    sid       = local.changed ? "FromTheTopicOfOrders" : "FromTopics"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.orders.arn]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_sns_topic.orders.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "orders" {
  queue_url = aws_sqs_queue.orders.id
  policy    = data.aws_iam_policy_document.from_topic.json
}

resource "aws_sns_topic" "orders" {
  name         = "orders"
  display_name = local.changed ? "All orders" : "Orders"
  tags         = local.changed ? { team = "returns" } : { team = "shipping" }
}

data "aws_iam_policy_document" "from_shop" {
  statement {
    sid       = local.changed ? "FromTheShop" : "FromShops"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.orders.arn]

    principals {
      type        = "AWS"
      identifiers = ["444455556666"]
    }
  }
}

resource "aws_sns_topic_policy" "orders" {
  arn    = aws_sns_topic.orders.arn
  policy = data.aws_iam_policy_document.from_shop.json
}

resource "aws_sns_topic_subscription" "orders" {
  topic_arn            = aws_sns_topic.orders.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.orders.arn
  raw_message_delivery = local.changed
  filter_policy_scope  = "MessageBody"
  filter_policy        = jsonencode({ order = { kind = local.changed ? ["digital", "physical"] : ["physical"] } })

  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.returns_failed.arn })
}

resource "aws_sns_topic" "payments" {
  name                        = "payments.fifo"
  fifo_topic                  = true
  content_based_deduplication = local.changed
}

resource "aws_sns_topic_subscription" "payments" {
  topic_arn     = aws_sns_topic.payments.arn
  protocol      = "sqs"
  endpoint      = aws_sqs_queue.payments.arn
  filter_policy = jsonencode({ currency = [local.changed ? "EUR" : "CHF", { prefix = "U" }] })
}

resource "aws_sns_topic" "events" {
  name              = "events"
  signature_version = local.changed ? 2 : 1

  delivery_policy = jsonencode({
    http = {
      defaultHealthyRetryPolicy = {
        minDelayTarget     = 1
        maxDelayTarget     = local.changed ? 60 : 20
        numRetries         = 5
        numMaxDelayRetries = 0
        numNoDelayRetries  = 1
        numMinDelayRetries = 0
        backoffFunction    = "exponential"
      }
      disableSubscriptionOverrides = false
    }
  })
}

resource "aws_sns_topic_data_protection_policy" "events" {
  arn = aws_sns_topic.events.arn

  policy = jsonencode({
    Name        = "events"
    Description = local.changed ? "Addresses stay here" : "Nothing yet"
    Version     = "2021-06-01"
    Statement = [{
      Sid            = "deny"
      DataDirection  = "Inbound"
      Principal      = ["*"]
      DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]
      Operation      = { Deny = {} }
    }]
  })
}

resource "aws_sns_topic_subscription" "hook" {
  topic_arn              = aws_sns_topic.events.arn
  protocol               = "http"
  endpoint               = "http://127.0.0.1:9/hook"
  endpoint_auto_confirms = true
  raw_message_delivery   = local.changed
  filter_policy          = jsonencode({ kind = ["a"] })

  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.returns_failed.arn })

  delivery_policy = jsonencode({
    healthyRetryPolicy = {
      minDelayTarget     = 1
      maxDelayTarget     = 2
      numRetries         = local.changed ? 4 : 3
      numMaxDelayRetries = 0
      numNoDelayRetries  = 0
      numMinDelayRetries = 0
      backoffFunction    = "linear"
    }
  })
}

resource "aws_sns_sms_preferences" "all" {
  default_sms_type = local.changed ? "Transactional" : "Promotional"
}
