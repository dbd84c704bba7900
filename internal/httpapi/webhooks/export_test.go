package webhooks

// WireTypes are the types of this dialect that openapi.yaml describes.
var WireTypes = map[string]any{"WebhookReceipt": webhookReceipt{}}
