package syntax

import (
	"time"

	"go.yaml.in/yaml/v3"
)

const maxPriority = 1_000_000

var statuses = words(Active, Draft, Retired)

func (r *reader) definition(n *yaml.Node) Definition {
	f := r.fields(n, segmentForm)
	d := Definition{Pos: r.pos(n)}
	if key := f.find("segment"); key != nil {
		d.Key = r.segmentKey(key)
	}
	d.Name = f.text("name")
	d.SoWhat = f.text("soWhat")
	d.Priority = f.whole("priority", -maxPriority, maxPriority, 0)
	d.Status = Status(f.choice("status", statuses...))
	d.Purpose = f.text("purpose")
	if zone := f.find("timezone"); zone != nil {
		d.Timezone = r.zone(zone)
	}
	if cost := f.find("cost"); cost != nil {
		d.Hours = r.cost(cost)
	}
	if when := f.find("when"); when != nil {
		d.When = r.cond(when)
	}
	if stay := f.find("stay"); stay != nil {
		d.Stay = r.cond(stay)
	}
	if hold := f.positive("hold"); hold != nil {
		d.Hold = *hold
	}
	if examples := f.find("examples"); examples != nil {
		for _, item := range r.items("examples", examples) {
			d.Examples = append(d.Examples, r.example(item))
		}
	}
	if allow := f.find("allow"); allow != nil {
		for _, item := range r.items("allow", allow) {
			a := r.fields(item, allowForm)
			d.Allow = append(d.Allow, Allowance{a.text("code"), a.text("reason"), r.pos(item)})
			a.close()
		}
	}
	f.close()
	return d
}

func (r *reader) segmentKey(n *yaml.Node) string {
	key := r.text("segment", n)
	if key != "" && !keyForm.MatchString(key) {
		r.fail(n, "the key of a segment has only a-z, 0-9 and -, not %q", shorten(key))
	}
	return key
}

// zone reads the name of a time zone.
func (r *reader) zone(n *yaml.Node) string {
	name := r.text("timezone", n)
	if name == "" {
		return ""
	}
	if _, err := time.LoadLocation(name); err != nil || !zoneForm.MatchString(name) {
		r.fail(n, "there is no time zone %q: write one of the IANA database, such as Europe/Berlin", shorten(name))
	}
	return name
}

func (r *reader) cost(n *yaml.Node) float64 {
	f := r.fields(n, costForm)
	hours := f.number("hoursPerMonth")
	if hours < 0 {
		r.fail(f.find("hoursPerMonth"), "hoursPerMonth cannot be negative")
	}
	f.close()
	return hours
}
