package segmentio

// WireTypes are the types on the wire, by their names in openapi.yaml.
var WireTypes = map[string]any{"Success": success{}, "Failure": failure{}, "Rejected": rejected{}}
