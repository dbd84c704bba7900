package signal

// The bounds of a message. What is over a bound is rejected, never cut short,
// so that a signal is either what its sender meant or not there.
const (
	MaxMessage   = 32 << 10 // bytes of one message as JSON
	MaxBatch     = 10_000   // messages in one batch
	MaxDepth     = 32       // objects and arrays inside one another, the message included
	MaxProps     = 256      // values of one message: properties or traits, and kept context
	MaxName      = 200      // bytes of an event's, page's or group's name, and of a property's path
	MaxMessageID = 100      // bytes of a message id
	MaxVisitorID = 200      // bytes of an anonymous, user or previous id
	MaxText      = 8 << 10  // bytes of one text value
)
