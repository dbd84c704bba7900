package signal

import "strings"

// Segment's e-commerce spec and Google Analytics 4 have two names for each of
// these events. They are one event: rules that name either match both.
var googleEvents = map[string]googleEvent{
	"view_item":         {"Product Viewed", ""},
	"select_item":       {"Product Clicked", ""},
	"add_to_cart":       {"Product Added", ""},
	"remove_from_cart":  {"Product Removed", ""},
	"add_to_wishlist":   {"Product Added to Wishlist", ""},
	"view_item_list":    {"Product List Viewed", "products."},
	"view_cart":         {"Cart Viewed", "products."},
	"begin_checkout":    {"Checkout Started", "products."},
	"add_shipping_info": {"Checkout Step Completed", "products."},
	"add_payment_info":  {"Payment Info Entered", "products."},
	"purchase":          {"Order Completed", "products."},
	"refund":            {"Order Refunded", "products."},
	"search":            {"Products Searched", "products."},
	"view_promotion":    {"Promotion Viewed", "products."},
	"select_promotion":  {"Promotion Clicked", "products."},
}

// A googleEvent is an event of Google Analytics in Segment's words: its name,
// and the path of what is said of its items.
type googleEvent struct{ name, products string }

// googleItems are the properties of items in Segment's words.
var googleItems = map[string]string{
	"item_id": "product_id", "item_name": "name", "item_brand": "brand", "item_category": "category",
	"item_variant": "variant", "index": "position", "price": "price", "quantity": "quantity", "coupon": "coupon",
}

// googleParams are the other properties that have another name in Segment's
// words.
var googleParams = map[string]string{
	"transaction_id": "order_id", "search_term": "query", "item_list_id": "list_id", "item_list_name": "category",
	"promotion_name": "name", "creative_name": "creative", "creative_slot": "position",
	"shipping_tier": "shipping_method", "payment_type": "payment_method",
}

// The same names as they are compared: Segment's by Google's, and the reverse.
var segmentNames, googleNames = func() (segment, google map[string]string) {
	segment, google = map[string]string{}, map[string]string{}
	for name, event := range googleEvents {
		a, b := Normalize(name), Normalize(event.name)
		segment[a], google[b] = b, a
	}
	return segment, google
}()

// NormalizeEvent returns the form in which the names of track events are
// compared: Normalize, and of two names of one event in e-commerce Segment's.
func NormalizeEvent(name string) string {
	normal := Normalize(name)
	if segment, ok := segmentNames[normal]; ok {
		return segment
	}
	return normal
}

// OtherName returns the form by Normalize of Google's name of an event, given
// its form by NormalizeEvent; "" if it has none.
func OtherName(normal string) string { return googleNames[normal] }

// WithProducts returns the properties of the track event name with, beside what
// a client wrote in the words of Google Analytics, the same in those of
// Segment's e-commerce spec: product_id for items.item_id, or products.product_id
// of an event about several, order_id for transaction_id, and so on. What a
// client wrote stays, and is not contradicted. props is not changed.
func WithProducts(name string, props Props) Props {
	event, ok := googleEvents[name]
	if !ok || len(props) == 0 {
		return props
	}
	out := append(make(Props, 0, 2*len(props)), props...)
	for _, p := range props {
		if key := event.translate(p.Key); key != "" && props.All(key) == nil {
			out = append(out, Prop{Key: key, Value: p.Value})
		}
	}
	out.Sort()
	return out
}

// translate returns what Segment calls the property key; "" if it has no other
// name.
func (e googleEvent) translate(key string) string {
	if item, ok := strings.CutPrefix(key, "items."); ok {
		if name, ok := googleItems[item]; ok {
			return e.products + name
		}
		return ""
	}
	if key == "value" && strings.HasPrefix(e.name, "Order ") {
		return "revenue"
	}
	return googleParams[key]
}
