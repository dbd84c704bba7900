package native

// WireTypes are the types on the wire, by their names in openapi.yaml.
var WireTypes = map[string]any{
	"ResolveRequest": resolveRequest{},
	"Visitor":        visitorRef{},
	"Answer":         answer{},
	"Slot":           slot{},
	"Assignment":     assignment{},
	"Variable":       variable{},
	"Revision":       revision{},
	"Rejected":       rejected{},
	"Explanations":   Explanations{},
	"Explanation":    explanation{},
	"Proof":          proof{},
	"Cited":          cited{},
	"Way":            way{},
	"Planned":        planned{},
	"Unmet":          unmet{},
	"Flip":           flip{},
}

// Spliced are fields that are put into the JSON of a type after it is encoded.
var Spliced = map[string][]string{"Answer": {"page"}}
