package httpapi

import "github.com/segue-dev/segue/internal/httpapi/reply"

// WireTypes are the types on the wire, by their names in openapi.yaml.
var WireTypes = map[string]any{"Health": health{}, "Problem": reply.Problem{}}
