package signal_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/signal"
)

func TestTheTwoNamesOfAnEventAreOne(t *testing.T) {
	for google, segment := range map[string]string{
		"view_item": "Product Viewed", "add_to_cart": "Product Added", "remove_from_cart": "Product Removed",
		"view_item_list": "Product List Viewed", "select_item": "Product Clicked", "search": "Products Searched",
		"begin_checkout": "Checkout Started", "add_shipping_info": "Checkout Step Completed",
		"add_payment_info": "Payment Info Entered", "purchase": "Order Completed", "refund": "Order Refunded",
		"add_to_wishlist": "Product Added to Wishlist", "view_cart": "Cart Viewed",
		"view_promotion": "Promotion Viewed", "select_promotion": "Promotion Clicked",
	} {
		require.Equal(t, signal.NormalizeEvent(segment), signal.NormalizeEvent(google))
		require.Equal(t, signal.Normalize(google), signal.OtherName(signal.NormalizeEvent(segment)))
	}
	require.Equal(t, "select content", signal.NormalizeEvent("select_content"), "content is not only products")
	require.Equal(t, "search", signal.Normalize("search"), "a page of this name is another thing")
}

func TestNormalizeEventIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := signal.NormalizeEvent(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"View  Item", "PURCHASE", "x"})).Draw(t, "name"))
		require.Equal(t, once, signal.NormalizeEvent(once))
	})
}

func TestItemsAreProductsToo(t *testing.T) {
	props := func(raw string) signal.Props {
		m, err := signal.DecodeTyped("track", []byte(`{"properties":`+raw+`}`))
		require.NoError(t, err)
		return m.Props
	}
	for name, tc := range map[string]struct{ event, sent, want string }{
		"one product": {
			"add_to_cart", `{"currency": "EUR", "value": 30, "items": [{"item_id": "p1", "item_name": "Kettle", "price": 30, "index": 2, "size": "L"}]}`,
			`{"currency": "EUR", "value": 30, "items": [{"item_id": "p1", "item_name": "Kettle", "price": 30, "index": 2, "size": "L"}],
			  "product_id": "p1", "name": "Kettle", "price": 30, "position": 2}`,
		},
		"an order": {
			"purchase", `{"transaction_id": "o1", "value": 70, "items": [{"item_id": "p1"}, {"item_id": "p2"}]}`,
			`{"transaction_id": "o1", "value": 70, "items": [{"item_id": "p1"}, {"item_id": "p2"}],
			  "order_id": "o1", "revenue": 70, "products": [{"product_id": "p1"}, {"product_id": "p2"}]}`,
		},
		"a search":               {"search", `{"search_term": "kettle"}`, `{"search_term": "kettle", "query": "kettle"}`},
		"not contradicted":       {"view_item", `{"product_id": "mine", "items": [{"item_id": "p1"}]}`, `{"product_id": "mine", "items": [{"item_id": "p1"}]}`},
		"in Segment's words":     {"Product Added", `{"items": [{"item_id": "p1"}]}`, `{"items": [{"item_id": "p1"}]}`},
		"of no event we know":    {"select_content", `{"items": [{"item_id": "p1"}]}`, `{"items": [{"item_id": "p1"}]}`},
		"nothing":                {"view_item", `{}`, `{}`},
		"items that are no list": {"view_item", `{"items": "p1"}`, `{"items": "p1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			sent := props(tc.sent)
			require.Equal(t, props(tc.want), signal.WithProducts(tc.event, sent))
			require.Equal(t, props(tc.sent), sent, "what it was given is unchanged")
		})
	}
}
