package segmentio

import "github.com/segue-dev/segue/internal/httpapi/intake"

// WireTypes are the types on the wire, by their names in openapi.yaml.
var WireTypes = map[string]any{"Success": intake.Success{}, "Failure": failure{}, "Rejected": intake.Rejected{}}
