# Varnish before a site whose pages Segue personalizes. It asks Segue for each
# request which key the visitor has, keeps one copy of a page for each key, and
# serves what everybody sees when Segue is slow or gone.
#
# Wants Varnish 7 and the package varnish-modules (vmod xkey). Change the two
# addresses and run it with `varnishd -a :8000 -f default.vcl`.
#
#   127.0.0.1:8080  Segue
#   127.0.0.1:3000  the site
vcl 4.1;

import xkey;

backend site { .host = "127.0.0.1"; .port = "3000"; }

backend segue {
    .host = "127.0.0.1"; .port = "8080";
    .connect_timeout = 50ms;
    .first_byte_timeout = 50ms;
    .between_bytes_timeout = 50ms;
}

# Who may purge: Segue.
acl purgers { "127.0.0.1"; "::1"; }

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ purgers) { return (synth(405, "Not allowed")); }
        # Without vmod xkey: ban("obj.http.Surrogate-Key ~ (^| )(" + … + ")( |$)").
        return (synth(200, "Dropped " + xkey.purge(req.http.xkey-purge)));
    }
    if (req.restarts == 0) {
        unset req.http.X-Segue-Key;
        unset req.http.X-Segue-Step;
        unset req.http.X-Segue-Cookie;
    }

    # Pages as JSON, for front ends that have the key already.
    if (req.url ~ "^/v1/pages/") {
        set req.backend_hint = segue;
        unset req.http.Cookie;
        return (hash);
    }

    if (req.method != "GET" && req.method != "HEAD") {
        set req.backend_hint = site;
        return (pass);
    }

    # First which key the visitor has, then the page for it.
    if (!req.http.X-Segue-Step) {
        set req.http.X-Segue-Step = "ask";
        set req.http.X-Original-URI = req.url;
        set req.http.X-Segue-Method = req.method;
        set req.method = "GET";
        set req.url = "/v1/edge";
        set req.backend_hint = segue;
        return (pass);
    }
    set req.backend_hint = site;

    # The copy is for everybody with the key. A page may depend on its query, but
    # for what campaigns add: it is not kept with one.
    unset req.http.Cookie;
    set req.url = regsuball(req.url, "([?&])(utm_[a-z]+|gclid|fbclid)=[^&]*", "\1");
    set req.url = regsub(req.url, "[?&]+$", "");
    if (req.url ~ "\?") { return (pass); }
    return (hash);
}

sub vcl_hash {
    hash_data(req.http.X-Segue-Key);
}

sub vcl_backend_response {
    # Tags by which Segue purges.
    if (beresp.http.Surrogate-Key) { set beresp.http.xkey = beresp.http.Surrogate-Key; }
    # How long it is fresh, and how long an older copy will do, Cache-Control
    # says. While the site fails, the older copy stays.
    if (beresp.status >= 500 && bereq.is_bgfetch) { return (abandon); }
    set beresp.keep = 1d;
}

sub vcl_backend_error {
    # Segue is slow or gone: no key, what everybody sees.
    if (bereq.http.X-Segue-Step == "ask") {
        set beresp.status = 204;
        return (deliver);
    }
}

sub vcl_deliver {
    if (req.http.X-Segue-Step == "ask") {
        set req.http.X-Segue-Step = "page";
        set req.http.X-Segue-Key = resp.http.X-Segue-Key;
        set req.http.X-Segue-Cookie = resp.http.Set-Cookie;
        set req.method = req.http.X-Segue-Method;
        set req.url = req.http.X-Original-URI;
        unset req.http.X-Original-URI;
        unset req.http.X-Segue-Method;
        return (restart);
    }
    if (req.http.X-Segue-Cookie) { set resp.http.Set-Cookie = req.http.X-Segue-Cookie; }
    set resp.http.X-Cache = "MISS";
    if (obj.hits > 0) { set resp.http.X-Cache = "HIT"; }
    unset resp.http.xkey;
    unset resp.http.Surrogate-Key;
    unset resp.http.Cache-Tag;
    unset resp.http.Edge-Cache-Tag;
    unset resp.http.Netlify-Cache-Tag;
    unset resp.http.Cache-Groups;
    unset resp.http.CDN-Cache-Control;
    # Nobody behind this Varnish may keep it: they do not know the key.
    if (req.url !~ "^/v1/pages/") { set resp.http.Cache-Control = "private, no-cache"; }
}
