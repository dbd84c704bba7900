package ninetailed

// WireTypes are the types on the wire, by their names in openapi.yaml.
var WireTypes = map[string]any{
	"PersonalizationRequest": profileRequest{}, "PersonalizationInsightsBatch": insightsBatch{},
	"PersonalizationAnswer": answer{}, "PersonalizationExperience": selected{}, "PersonalizationChange": change{},
	"PersonalizationInsight": insight{}, "PersonalizationRejected": rejected{}, "PersonalizationProfile": profile{},
	"PersonalizationLocation": location{}, "PersonalizationSession": session{}, "PersonalizationPage": page{},
	"PersonalizationBatch": profiles{}, "PersonalizationImport": imported{},
}

// DecodeRequest, DecodeEvents and DecodeInsights are for the fuzz test.
var (
	DecodeRequest  = decodeRequest
	DecodeEvents   = decodeEvents
	DecodeInsights = decodeInsights
)
