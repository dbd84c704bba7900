package emulator

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/fault"
)

// certifiedNames are those that a stand-in has certificates for: this machine,
// and Contentful's own hosts for clients that cannot be told another one. The
// authority can vouch for no others.
var (
	certifiedNames = []string{"localhost", "*.localhost", "contentful.com", "*.contentful.com", "*.eu.contentful.com"}
	permittedNames = []string{"localhost", "contentful.com"}
	loopback       = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
)

// certified is how long certificates are good. They are made anew at each start.
const certified = 365 * 24 * time.Hour

// An Authority is a certificate authority of a stand-in's own. Its key is in
// memory only.
type Authority struct {
	PEM    []byte // the certificate to trust
	Config *tls.Config
}

// NewAuthority returns an authority with a certificate for a server on this
// machine, and for more addresses that it listens at.
func NewAuthority(now time.Time, more ...net.IP) (*Authority, error) {
	ips := append(loopback, more...)
	root, rootKey, err := certificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Segue's stand-in for Contentful"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certified),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: permittedNames, PermittedIPRanges: ranges(ips),
	}, nil, nil)
	if err != nil {
		return nil, err
	}
	leaf, leafKey, err := certificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certified),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: certifiedNames, IPAddresses: ips,
	}, root, rootKey)
	if err != nil {
		return nil, err
	}
	return &Authority{
		PEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}),
		Config: &tls.Config{
			MinVersion:   tls.VersionTLS12,
			Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw, root.Raw}, PrivateKey: leafKey}},
		},
	}, nil
}

func ranges(ips []net.IP) []*net.IPNet {
	nets := make([]*net.IPNet, 0, len(ips))
	for _, ip := range ips {
		bits := 8 * net.IPv6len
		if v4 := ip.To4(); v4 != nil {
			ip, bits = v4, 8*net.IPv4len
		}
		nets = append(nets, &net.IPNet{IP: ip, Mask: net.CIDRMask(bits, bits)})
	}
	return nets
}

// certificate makes a certificate of a new key; without a parent it signs
// itself.
func certificate(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "make a key")
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "make a certificate")
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "make a certificate")
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "make a certificate")
	}
	return cert, key, nil
}

// Listener returns a listener that takes both HTTP and HTTPS on one port, told
// apart by the first byte that a client sends.
func (a *Authority) Listener(ln net.Listener) net.Listener { return sniffing{ln, a.Config} }

type sniffing struct {
	net.Listener
	config *tls.Config
}

func (s sniffing) Accept() (net.Conn, error) {
	conn, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &sniffed{Conn: conn, config: s.config}, nil
}

// A sniffed connection decides at its first use which protocol it speaks, so
// that a client who sends nothing holds up no other.
type sniffed struct {
	net.Conn
	config *tls.Config
	once   sync.Once
	as     net.Conn
}

// handshake is the first byte of TLS.
const handshake = 0x16

func (s *sniffed) decide() net.Conn {
	s.once.Do(func() {
		r := bufio.NewReaderSize(s.Conn, 512)
		s.as = buffered{s.Conn, r}
		if first, err := r.Peek(1); err == nil && first[0] == handshake {
			s.as = tls.Server(s.as, s.config)
		}
	})
	return s.as
}

func (s *sniffed) Read(b []byte) (int, error)  { return s.decide().Read(b) }
func (s *sniffed) Write(b []byte) (int, error) { return s.decide().Write(b) }

type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b buffered) Read(p []byte) (int, error) { return b.r.Read(p) }
