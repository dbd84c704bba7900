// Command shop serves the storefront example as a shop one can open, in front of
// a running Segue.
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/segue-dev/segue/examples/storefront/site"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

func run() error {
	var opts site.Options
	listen := flag.String("listen", "127.0.0.1:8000", "address of the shop")
	flag.StringVar(&opts.Export, "content", "examples/storefront/space.json", "space export")
	flag.StringVar(&opts.Segue, "segue", "http://127.0.0.1:8080", "where Segue is")
	flag.BoolVar(&opts.PerVisitor, "per-visitor", false, "resolve pages on the server and not in the browser")
	flag.Parse()
	handler, err := site.New(opts)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: *listen, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	return server.ListenAndServe()
}
