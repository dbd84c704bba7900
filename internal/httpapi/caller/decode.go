package caller

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/segue-dev/segue/internal/signal"
)

// maxCookie is the greatest length of a cookie's value that is read, in bytes.
// Browsers keep no more than 4 KiB.
const maxCookie = 4 << 10

// userCookie is the one cookie that names a user and no browser.
const userCookie = "ajs_user_id"

// decoders undo what the clients do to the values of their cookies, besides
// percent-encoding and JSON, which Decode undoes.
var decoders = map[string]func(string) string{
	"_ga":             clientOfGA,
	"rl_anonymous_id": plainRudder,
}

// Decode returns the id of a visitor that the cookie of a name holds; "" if it
// holds none, or one that a visitor cannot have. A cookie that is not known
// holds the id itself, as text or as a JSON string.
func Decode(name, value string) string {
	if len(value) > maxCookie {
		return ""
	}
	if plain, err := url.PathUnescape(value); err == nil {
		value = plain
	}
	if undo := decoders[name]; undo != nil {
		value = undo(value)
	}
	id := unquoted(value)
	if id == "" || id == "null" || id == "undefined" || signal.CheckVisitor(name, id) != nil {
		return ""
	}
	return id
}

// unquoted returns the text of a JSON string, and any other text as it is.
func unquoted(value string) string {
	var text string
	if strings.HasPrefix(value, `"`) {
		if json.Unmarshal([]byte(value), &text) != nil {
			return ""
		}
		return text
	}
	return value
}

// clientOfGA returns the client id in a cookie of Google Analytics, which is
// GA1, the depth of the cookie's domain, and the two numbers of the id.
func clientOfGA(value string) string {
	parts := strings.Split(value, ".")
	if len(parts) != 4 || parts[0] != "GA1" || !digits(parts[2]) || !digits(parts[3]) {
		return ""
	}
	return parts[2] + "." + parts[3]
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// How RudderStack's SDKs write their cookies: since version 3 as base64, before
// as OpenSSL encrypts with a passphrase that is published with them.
const (
	rudderV3     = "RS_ENC_v3_"
	rudderV1     = "RudderEncrypt:"
	rudderPhrase = "Rudder"
)

// plainRudder returns what a cookie of RudderStack holds; "" if it cannot be
// read. A cookie without a known prefix is not encoded.
func plainRudder(value string) string {
	if rest, ok := strings.CutPrefix(value, rudderV3); ok {
		plain, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return ""
		}
		return string(plain)
	}
	if rest, ok := strings.CutPrefix(value, rudderV1); ok {
		sealed, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return ""
		}
		return opened(sealed, rudderPhrase)
	}
	return value
}

const saltMark = "Salted__"

// opened decrypts what OpenSSL made with AES-256-CBC and a passphrase: saltMark,
// eight bytes of salt, blocks. It returns "" for anything else.
func opened(sealed []byte, phrase string) string {
	rest, ok := strings.CutPrefix(string(sealed), saltMark)
	if !ok || len(rest) < 8+aes.BlockSize || (len(rest)-8)%aes.BlockSize != 0 {
		return ""
	}
	key, iv := stretched(phrase, rest[:8])
	block, err := aes.NewCipher(key)
	if err != nil {
		return ""
	}
	plain := []byte(rest[8:])
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, plain)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > aes.BlockSize {
		return ""
	}
	for _, b := range plain[len(plain)-padding:] {
		if int(b) != padding {
			return ""
		}
	}
	return string(plain[:len(plain)-padding])
}

// stretched makes a key and an initialization vector of a passphrase, as
// OpenSSL's EVP_BytesToKey does with one round of MD5. It protects nothing: the
// phrase is public.
func stretched(phrase, salt string) (key, iv []byte) {
	var all, last []byte
	for len(all) < 32+aes.BlockSize {
		sum := md5.Sum(append(append(last, phrase...), salt...))
		last = sum[:]
		all = append(all, last...)
	}
	return all[:32], all[32 : 32+aes.BlockSize]
}
