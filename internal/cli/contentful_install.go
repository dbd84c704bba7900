package cli

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/provision"
	"github.com/segue-dev/segue/internal/fault"
)

// provisioning is embedded by commands that bring a space to where it should be.
type provisioning struct {
	liveSpace
	output
	DryRun bool `help:"Print what would be changed, and change nothing."`
}

type planReport struct {
	Space       string         `json:"space"`
	Environment string         `json:"environment"`
	DryRun      bool           `json:"dryRun"`
	Changes     provision.Plan `json:"changes"`

	pending bool
}

// carryOut applies a plan unless that is not wanted, and prints it. What fails
// midway leaves what was done before.
func (p provisioning) carryOut(ctx context.Context, env Env, space spaceAccess, plan provision.Plan) error {
	if !p.DryRun {
		bar := env.progress("changes", int64(len(plan)))
		err := plan.Apply(ctx, func(provision.Change) { bar.add(1) })
		bar.finish()
		if err != nil {
			return err
		}
	}
	return p.print(env.Stdout, planReport{space.space, space.environment, p.DryRun, plan, plan.Pending()})
}

func (r planReport) items() []any {
	items := make([]any, len(r.Changes))
	for i, c := range r.Changes {
		items[i] = c
	}
	return items
}

func (r planReport) table(b *strings.Builder) {
	for _, c := range r.Changes {
		fmt.Fprintf(b, "%s %s %s\n", c.Action, c.Kind, c.ID)
		for _, line := range c.Lines {
			fmt.Fprintf(b, "    %s\n", strings.ReplaceAll(line, "\t", " "))
		}
	}
	what := "nothing to change"
	switch {
	case r.pending && r.DryRun:
		what = "nothing was changed: --dry-run"
	case r.pending:
		what = "done"
	}
	fmt.Fprintf(b, "space %s, environment %s: %s\n", r.Space, r.Environment, what)
}

type installSpace struct {
	provisioning
	Types   []string `help:"Content types whose entries can be personalized: they get the field nt_experiences." placeholder:"ID"`
	Webhook string   `help:"Have Contentful call the public listener of Segue, which is at this URL from outside." placeholder:"URL"`
}

// Run plans and makes what the space lacks.
func (i installSpace) Run(ctx context.Context, env Env) error {
	space, err := i.access(env)
	if err != nil {
		return err
	}
	webhook, err := i.webhook(space.cfg)
	if err != nil {
		return err
	}
	cma, err := space.management()
	if err != nil {
		return err
	}
	plan, err := provision.Model(ctx, cma, i.Types)
	if err != nil {
		return err
	}
	if i.Webhook != "" {
		calls, err := webhook.Plan(ctx, cma)
		if err != nil {
			return err
		}
		plan = slices.Concat(plan, calls)
	}
	return i.carryOut(ctx, env, space, plan)
}

// webhookPath is where the public listener takes webhooks.
const webhookPath = "/webhooks/contentful"

// webhook reads --webhook.
func (i installSpace) webhook(cfg config.Config) (provision.Webhook, error) {
	if i.Webhook == "" {
		return provision.Webhook{}, nil
	}
	u, err := url.Parse(i.Webhook)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return provision.Webhook{}, misused("--webhook: %q is not a URL, such as https://segue.example.com", i.Webhook)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = webhookPath
	}
	if len(cfg.Contentful.WebhookSecrets) == 0 {
		return provision.Webhook{}, fault.New(fault.Invalid, "contentful.webhookSecrets: missing: webhooks must be signed; make a secret with `openssl rand -base64 48`, and give it to this command and to serve as SEGUE_CONTENTFUL_WEBHOOK_SECRETS")
	}
	return provision.Webhook{
		URL: u.String(), Secret: cfg.Contentful.WebhookSecrets[0].Reveal(), Preview: cfg.Contentful.PreviewToken != "",
	}, nil
}

type pushSegments struct {
	provisioning
	Retire bool `help:"Unpublish and archive audiences of Segue whose segments are gone or not active."`
}

// Run plans and makes an audience for each segment.
func (p pushSegments) Run(ctx context.Context, env Env) error {
	space, err := p.access(env)
	if err != nil {
		return err
	}
	segments, err := config.Segments(space.cfg.Segments)
	if err != nil {
		return err
	}
	cma, err := space.management()
	if err != nil {
		return err
	}
	locale, err := defaultLocale(ctx, cma)
	if err != nil {
		return err
	}
	plan, err := provision.Audiences{Locale: locale, Retire: p.Retire}.Plan(ctx, cma, segments)
	if err != nil {
		return err
	}
	return p.carryOut(ctx, env, space, plan)
}

// defaultLocale returns the code of the locale that every entry has.
func defaultLocale(ctx context.Context, cma *contentful.CMA) (string, error) {
	for item, err := range cma.Locales.All(ctx, nil) {
		if err != nil {
			return "", err
		}
		var locale struct {
			Code    string `json:"code"`
			Default bool   `json:"default"`
		}
		if err := item.Decode(&locale); err != nil {
			return "", err
		}
		if locale.Default {
			return locale.Code, nil
		}
	}
	return "", fault.New(fault.Unavailable, "the space names no default locale")
}
