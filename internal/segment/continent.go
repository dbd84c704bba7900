package segment

import "strings"

// continents lists the countries of each continent by their ISO 3166 alpha-2
// codes. Countries on two continents stand where the United Nations count
// them, Cyprus with the European Union it belongs to.
var continents = map[string]string{
	"AF": "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW " +
		"MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW",
	"AN": "AQ BV GS HM TF",
	"AS": "AE AF AM AZ BD BH BN BT CC CN CX GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV " +
		"MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE",
	"EU": "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC " +
		"MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK",
	"NA": "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV " +
		"SX TC TT US VC VG VI",
	"OC": "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS",
	"SA": "AR BO BR CL CO EC FK GF GY PE PY SR UY VE",
}

var continentByCountry = func() map[string]string {
	out := map[string]string{}
	for continent, countries := range continents {
		for country := range strings.FieldsSeq(countries) {
			out[country] = continent
		}
	}
	return out
}()

// ContinentOf returns the two-letter code of the continent of a country given
// by its alpha-2 code.
func ContinentOf(country string) (string, bool) {
	c, ok := continentByCountry[country]
	if !ok {
		c, ok = continentByCountry[strings.ToUpper(country)]
	}
	return c, ok
}
