package cli

import (
	"cmp"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/fault"
)

type contentfulCommands struct {
	Install installSpace `cmd:"" help:"Make the content model of personalization in a space, and a webhook."`
	Push    pushSegments `cmd:"" help:"Make an audience for each segment, so that editors can choose it."`
	Check   checkSpace   `cmd:"" help:"Say what is doubtful about the content of a space, entry by entry."`
	Pull    pullSpace    `cmd:"" help:"Write a space to a file, as contentful-export does."`
	Emulate emulate      `cmd:"" help:"Serve a stand-in for Contentful: all its APIs over one space export."`
}

// liveSpace is embedded by commands that work on a space.
type liveSpace struct {
	configured
	Space       string `help:"The space; default: that of the configuration's content." placeholder:"ID"`
	Environment string `help:"The environment or alias; default: that of the content, or master." placeholder:"ID"`
}

// A spaceAccess is how a space is reached.
type spaceAccess struct {
	cfg                config.Config
	space, environment string
}

// access returns the space that is to be worked on.
func (l liveSpace) access(env Env) (spaceAccess, error) {
	cfg, err := l.load(env)
	if err != nil {
		return spaceAccess{}, err
	}
	space, environment, _ := cfg.LiveSpace()
	a := spaceAccess{cfg, cmp.Or(l.Space, space), cmp.Or(l.Environment, environment, "master")}
	if a.space == "" {
		return a, misused("which space? Set content to contentful://SPACE/ENVIRONMENT, or give --space ID")
	}
	return a, nil
}

func (a spaceAccess) options(baseURL string) contentful.Options {
	return contentful.Options{
		Space: a.space, Environment: a.environment, BaseURL: baseURL, Region: a.cfg.Contentful.Region,
		UserAgent: "app segue/" + cmp.Or(app.BuildOf().Version, "devel"),
	}
}

// management returns a client of the management API.
func (a spaceAccess) management() (*contentful.CMA, error) {
	token := a.cfg.Contentful.ManagementToken.Reveal()
	if token == "" {
		return nil, fault.New(fault.Invalid, "contentful.managementToken: missing: give one in SEGUE_CONTENTFUL_MANAGEMENT_TOKEN, or in a file that SEGUE_CONTENTFUL_MANAGEMENT_TOKEN_FILE names")
	}
	return contentful.NewCMA(token, a.options(a.cfg.Contentful.ManagementURL))
}

// delivery returns a client of the delivery API.
func (a spaceAccess) delivery() (*contentful.CDA, error) {
	token := a.cfg.Contentful.DeliveryToken.Reveal()
	if token == "" {
		return nil, fault.New(fault.Invalid, "contentful.deliveryToken: missing: give one in SEGUE_CONTENTFUL_DELIVERY_TOKEN, or in a file that SEGUE_CONTENTFUL_DELIVERY_TOKEN_FILE names")
	}
	return contentful.NewCDA(token, a.options(a.cfg.Contentful.DeliveryURL))
}

// preview returns a client of the preview API.
func (a spaceAccess) preview() (*contentful.CDA, error) {
	token := a.cfg.Contentful.PreviewToken.Reveal()
	if token == "" {
		return nil, fault.New(fault.Invalid, "contentful.previewToken: missing: give one in SEGUE_CONTENTFUL_PREVIEW_TOKEN, or in a file that SEGUE_CONTENTFUL_PREVIEW_TOKEN_FILE names")
	}
	return contentful.NewCPA(token, a.options(a.cfg.Contentful.PreviewURL))
}
