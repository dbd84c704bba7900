package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"text/template"
	"time"

	"github.com/segue-dev/segue/internal/contentful/emulator"
	"github.com/segue-dev/segue/internal/fault"
)

// rates are the requests a second that Contentful allows, for --limits.
var rates = map[string]int{"cda": 55, "cpa": 14, "cma": 7, "upload": 7}

type emulate struct {
	Export          string   `help:"Space export that every space begins with; without it spaces are empty." placeholder:"FILE"`
	Listen          string   `help:"Where all APIs are served; each alone on the four ports after it." default:"127.0.0.1:8090" placeholder:"HOST:PORT"`
	TLS             bool     `name:"tls" help:"Serve HTTPS too, on the same ports, with a certificate authority of its own."`
	CA              string   `name:"ca" help:"Where to write the certificate of that authority, for clients to trust." default:"segue-ca.pem" placeholder:"FILE"`
	Persist         string   `help:"Keep what is written in a file. Once it is there it counts instead of --export." placeholder:"FILE"`
	Environment     []string `help:"Environments that every space begins with." default:"master" placeholder:"ID"`
	DeliveryToken   string   `help:"Token of the delivery API." default:"delivery" placeholder:"TOKEN"`
	PreviewToken    string   `help:"Token of the preview API." default:"preview" placeholder:"TOKEN"`
	ManagementToken string   `help:"Token of the management API." default:"management" placeholder:"TOKEN"`
	Limits          bool     `help:"Allow as many requests a second as Contentful does."`
}

// Run serves a stand-in until ctx ends.
func (c emulate) Run(ctx context.Context, env Env) (err error) {
	e, err := c.open()
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, e.Close(closing))
	}()
	if c.Limits {
		for _, api := range slices.Sorted(maps.Keys(rates)) {
			e.Faults.Limit(api, rates[api])
		}
	}
	authority, err := c.authority()
	if err != nil {
		return err
	}
	endpoints, err := emulator.Listen(c.Listen, authority)
	if err != nil {
		return err
	}
	if err := c.guide(env.Stderr, endpoints); err != nil {
		return err
	}
	return e.Serve(ctx, endpoints)
}

// open returns the stand-in that the flags describe.
func (c emulate) open() (*emulator.Emulator, error) {
	o := emulator.Options{
		Persist: c.Persist, Environments: c.Environment,
		Delivery: c.DeliveryToken, Preview: c.PreviewToken, Management: c.ManagementToken,
	}
	if c.Export != "" {
		f, err := os.Open(c.Export)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "--export")
		}
		defer f.Close()
		o.Export = f
	}
	return emulator.New(o)
}

// authority returns the one that clients are to trust, nil without --tls.
func (c emulate) authority() (*emulator.Authority, error) {
	if !c.TLS {
		return nil, nil //nolint:nilnil // none is asked for
	}
	var more []net.IP
	host, _, _ := net.SplitHostPort(c.Listen) // Listen says what is wrong with it
	if ip := net.ParseIP(host); ip != nil && !ip.IsLoopback() && !ip.IsUnspecified() {
		more = append(more, ip)
	}
	a, err := emulator.NewAuthority(time.Now(), more...)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.CA, a.PEM, 0o600); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "--ca")
	}
	return a, nil
}

// guide says what to tell which client.
func (c emulate) guide(w io.Writer, endpoints []emulator.Endpoint) error {
	at := map[string]string{"CA": c.CA, "Delivery": c.DeliveryToken, "Preview": c.PreviewToken, "Management": c.ManagementToken}
	for _, e := range endpoints {
		name := e.API
		if name == "" {
			name = "all"
		}
		at[name] = e.Listener.Addr().String()
	}
	if c.TLS {
		at["TLS"] = "yes"
	}
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	if err := errors.Join(guide.Execute(table, at), table.Flush()); err != nil {
		return err
	}
	_, err := text.WriteTo(w)
	return err
}

var guide = template.Must(template.New("guide").Parse(strings.TrimLeft(`
A stand-in for Contentful is at http://{{.all}}, with any space id.

API	all on one port	alone	token
delivery	http://{{.all}}/cda	http://{{.cda}}	{{.Delivery}}
preview	http://{{.all}}/cpa	http://{{.cpa}}	{{.Preview}}
management	http://{{.all}}/cma	http://{{.cma}}	{{.Management}}
upload	http://{{.all}}/upload	http://{{.upload}}	{{.Management}}
{{if .TLS}}
  HTTPS is on the same ports. Trust {{.CA}}, under Node with
  NODE_EXTRA_CA_CERTS={{.CA}}
{{end}}
contentful.js
  createClient({ space, accessToken: '{{.Delivery}}', host: '{{.all}}', basePath: '/cda', insecure: true })
contentful-management
  createClient({ accessToken: '{{.Management}}', host: '{{.all}}', basePath: '/cma', hostUpload: '{{.all}}', insecure: true })
contentful-import, contentful-export
  { spaceId, managementToken: '{{.Management}}', host: '{{.cma}}', insecure: true }
contentful-migration{{if not .TLS}} (wants HTTPS: add --tls){{end}}
  { spaceId, accessToken: '{{.Management}}', host: '{{.cma}}' }
segue.yaml
  content: contentful://SPACE/master
  contentful:
    deliveryToken: {{.Delivery}}
    previewToken: {{.Preview}}
    managementToken: {{.Management}}
    deliveryURL: http://{{.all}}/cda
    previewURL: http://{{.all}}/cpa
    managementURL: http://{{.all}}/cma

What goes wrong on demand: http://{{.all}}/_emulator/faults (docs/emulator.md).
Apps, as in the web app: http://{{.all}}/_emulator/host?space=SPACE (docs/emulator.md).
`, "\n")))
