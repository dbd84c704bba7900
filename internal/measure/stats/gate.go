package stats

// What must be there before anything is said of a comparison, as simulations
// have shown that it must: with less, looking often is wrong too often.
const (
	MinArm         = 100 // visitors in each arm
	MinConversions = 20  // in both arms together
	MinEach        = 5   // conversions in each
	MinPayers      = 50  // in each arm, visitors whose amount is not 0
	MinDays        = 7   // full ones
)

// A Gate is what is there of a comparison.
type Gate struct {
	Binary                   bool // a conversion, not an amount
	ControlN, TreatedN       int64
	ControlSome, TreatedSome int64 // visitors whose value is not 0
	Days                     int   // full ones since the first exposure
}

// A Lack is one thing of which there is too little.
type Lack struct {
	What  LackOf
	Have  int64
	Needs int64
}

// LackOf names what there is too little of.
type LackOf string

// What there may be too little of.
const (
	LackVisitors    LackOf = "visitors"    // in the smaller arm
	LackConversions LackOf = "conversions" // in both arms
	LackEach        LackOf = "conversions in each arm"
	LackPayers      LackOf = "visitors with an amount in each arm"
	LackDays        LackOf = "days"
)

// Lacks returns of what there is too little; nil if the gate is open.
func (g Gate) Lacks() []Lack {
	var lacks []Lack
	needs := func(what LackOf, have, least int64) {
		if have < least {
			lacks = append(lacks, Lack{what, have, least})
		}
	}
	needs(LackVisitors, min(g.ControlN, g.TreatedN), MinArm)
	if g.Binary {
		needs(LackConversions, g.ControlSome+g.TreatedSome, MinConversions)
		needs(LackEach, min(g.ControlSome, g.TreatedSome), MinEach)
	} else {
		needs(LackPayers, min(g.ControlSome, g.TreatedSome), MinPayers)
	}
	needs(LackDays, int64(g.Days), MinDays)
	return lacks
}
