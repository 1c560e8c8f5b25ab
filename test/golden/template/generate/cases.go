package main

import (
	"slices"
	"strings"
)

var dataNames = []string{"plain", "quoting", "kuscia", "json", "empty"}

var dataSets = map[string]map[string]string{
	"plain": {"a": "hello", "B": "", "C": "world", "D": "1", "E": "<a href='x'>&=</a>", "É": "accent", "__PROTO__": "own"},
	"quoting": {
		"Q": `"quoted"`, "J": `{"k":"v","n":[1,2]}`, "NL": "a\nb\tc\r\v\f\a\b\x00\x1f\x7f", "BS": `back\slash`,
		"U": "é€😀", "NP": "\u00ad\u200b\u2028\ufeff\U000e0001\U0010ffff\u0378", "QQ": `""`, "QE": `end"`, "QB": `"\"`,
		"BR": "{{.U}} {{{.J.k}}}", "SP": "  spaced  ", "PC": "100%", "ZW": "a\u200db", "BT": "`tick`",
		"NB": "\u00a0\u3000", "HZ": "中文", "CO": "e\u0301", "RP": "\ufffd",
	},
	"kuscia": {
		"task_id": "secretflow-task-20230406162606", "TASK_INPUT_CONFIG": `{"a.b":1,"sf_input_ids":["alice-x","bob-y"],"node":{"op":"psi","v":1.50}}`,
		"TASK_CLUSTER_DEFINE": `{"parties":[{"name":"alice","role":"","services":[{"portName":"spu","endpoints":["a-spu.alice.svc"]},{"portName":"fed","endpoints":["a-fed.alice.svc:80","x"]}]},{"name":"bob","role":"host","services":[{"portName":"spu","endpoints":["b-spu.bob.svc"]}]}],"selfPartyIdx":1,"selfEndpointIdx":0}`,
		"ALLOCATED_PORTS":     `{"ports":[{"name":"intra","port":26409,"scope":"Local","protocol":"HTTP"},{"name":"inter","port":31000,"scope":"Cluster","protocol":"GRPC"}]}`,
		"KUSCIA_DOMAIN_ID":    "alice", "DB": "\n {\"user\": \"kuscia\", \"host\": \"localhost\", \"p<w>\": \"a&b\"} ",
	},
	"json": {
		"O": `{"s":"text","e":"","z":0,"f":false,"t":true,"n":null,"d":1.5,"big":12345678901234567890,"exp":1e21,"small":1e-7,"neg":-0,"o":{"b":2,"a":1},"a":[1,"2",null,[3,4],{"k":"v"}],"html":"<b>&\u2028</b>","objs":[{"k":"x","v":1},{"k":"y","v":2},{"k":"y","v":3},{"k":7,"v":4},{"k":true,"v":5},{"k":"","v":6},{"k":"a=b","v":7},{"k":{"x":1},"v":8},5,null,{"k":null,"v":9}],"":"emptykey","with space":"ws","é":"acc","__proto__":"own"}`,
		"A": `[[1,2],[3,[4,5]],"x"]`, "I": "1", "S": "not json", "N": "null", "X": `{"i":2,"s":"1","neg":-1,"f":1.0,"bad":"x","arr":[0,1,2]}`,
		"QS": `"quoted"`, "BAD": `{"a":}`, "HUGE": `{"a":1e400}`, "UNI": `{"a":"\ud800","b":"\u00e9😀","c":"{{.S}}","q":"say \"hi\"\n"}`,
		"DUP": `{"a":1,"a":2}`, "CTL": `{"a":"\u0000\u001f\u007f\b\f"}`, "SORT": `{"b":1,"a":2,"B":3,"":4,"é":5,"😀":6,"ﬀ":7}`,
		"TRAIL": `{"a":1} x`, "WS": " [ 1 , 2 ] ", "NUM": "5", "ARR": "[]", "OBJ": "{}",
	},
	"empty": {},
}

// cases lists the templates to render with a set of values, each once.
func cases(data string) []string {
	var all []string
	switch data {
	case "plain":
		all = slices.Concat(plainTemplates, syntaxTemplates, numberTemplates(), printfTemplates(), comparisonTemplates(), trimTemplates())
	case "quoting":
		all = quotingTemplates()
	case "kuscia":
		all = kusciaTemplates
	case "json":
		all = pathTemplates()
	default:
		all = []string{"", "{{.A}}", "{{.}}", "{{range .}}x{{else}}none{{end}}", "{{with .}}x{{else}}none{{end}}", "{{if .}}x{{else}}none{{end}}", "{{len .}}", "{{{.A.b}}}", `{{index . "A"}}`, "{{not .}}"}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(all), func(source string) bool {
		repeated := seen[source]
		seen[source] = true
		return repeated
	})
}

func numberTemplates() []string {
	var out []string
	for _, n := range strings.Fields(`0 1 -1 +1 42 007 08 09 089 0x1F 0XfF 0o17 0O17 0b101 0B11 1_000 1__0 _1 1_ 0x_1 0_1 0_ 0b 0x 0o 0b2 0o8 0xg
		9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551615 18446744073709551616
		0xFFFFFFFFFFFFFFFF 0x7FFFFFFFFFFFFFFF 0x10000000000000000 1.5 -1.5 +1.5 .5 -.5 5. 0.0 -0.0 -0 1e3 1E3 1e+3 1e-3 1e 1e+ 1.e2 .e2 1e400 -1e400 1e-400
		100000.0 1000000.0 1e5 1e6 1e20 1e21 1e22 123456789.0 1234567.0 0.0001 0.00001 0.000012345 3.141592653589793 2.5e-10 1.7976931348623157e308 5e-324
		0x1p4 0x1P-2 0x1.8p1 0x.8p0 0x1.8 0xEp1 -0xE +0xE 0xE -0x1E5 0x1e5 1_0.5 1_0e1_0 1._5 1.5_ 0x1_0p1 1.2.3 1..2 .. ... 1a 1i 0i 1.5i 1+2i 1-2i 1+2 1+i 'a' '0' 'é' '😀' '\n' '\x41' '\u00e9' '\U0001F600' '\'' '\"' '"' '\101' '\0' '\400' 'ab' '' '\ud800' '\q' '.' 'e'`) {
		out = append(out, "{{"+n+"}}", `{{printf "%T %v" `+n+` `+n+`}}`)
	}
	return out
}

var verbs = strings.Split("v d s q x X o O b c U t f F e E g G T w p z ! é", " ")

func printfTemplates() []string {
	values := []string{"42", "-42", "0", "1.5", "-0.0", "1e21", "12345678.9", "true", "nil", ".", ".A", ".B", `"a\"b\x00é"`, "`r\\aw`", "'x'", "(index .A 0)", "0x1F600", "-1", "1e-7"}
	flags := []string{"", "+", "-", "#", " ", "0", "8", "-8", "08", "+08", "-08", "#8", ".0", ".1", ".3", "8.3", "+.2", "#.3", "# ", "#+", " 08", "+#q", "20.10", "-20.0", "#x", "012.4", "#08", "+-8"}
	var out []string
	for i, value := range values {
		for j, verb := range verbs {
			if verb == "p" && value == "." {
				continue
			}
			out = append(out, `{{printf "%`+verb+`" `+value+`}}`)
			// Every flag meets every value and every verb, without all three being multiplied.
			for k := 0; k < 2; k++ {
				flag := flags[(i*7+j*3+k*11)%len(flags)]
				out = append(out, `{{printf "[%`+flag+verb+`]" `+value+`}}`)
			}
		}
	}
	for _, value := range []string{"42", "-42", "1.5", "255.75", `.A`, ".", "true", "nil"} {
		for _, flag := range flags {
			for _, verb := range []string{"d", "v", "x", "q", "g", "e", "s", "f"} {
				if strings.HasSuffix(flag, "q") || strings.HasSuffix(flag, "x") {
					continue
				}
				out = append(out, `{{printf "[%`+flag+verb+`]" `+value+`}}`)
			}
		}
	}
	return append(out, oddFormats...)
}

func comparisonTemplates() []string {
	operands := []string{"1", "2", "-1", "1.0", "1.5", "true", "false", `"a"`, `"b"`, ".A", ".B", ".Missing", ".", "nil", "(index .A 0)", "104", "(or nil)", "(len .A)", "'h'"}
	var out []string
	for _, f := range []string{"eq", "ne", "lt", "le", "gt", "ge"} {
		for _, a := range operands {
			for _, b := range operands {
				out = append(out, "{{"+f+" "+a+" "+b+"}}")
			}
		}
	}
	for _, f := range []string{"and", "or", "not", "len", "print", "println", "html", "js", "urlquery", "index", "slice", "call", "printf", "eq", "ne"} {
		for _, a := range operands {
			out = append(out, "{{"+f+" "+a+"}}", "{{"+a+" | "+f+"}}", "{{if "+f+" "+a+"}}T{{else}}F{{end}}")
		}
		out = append(out, "{{"+f+"}}", "{{print "+f+"}}", "{{"+f+".X}}")
	}
	for _, a := range operands {
		out = append(out, "{{"+a+"}}", "{{if "+a+"}}T{{else}}F{{end}}", "{{with "+a+"}}[{{.}}]{{else}}F{{end}}", "{{range "+a+"}}[{{.}}]{{else}}none{{end}}",
			"{{$x := "+a+"}}{{$x}}", "{{("+a+")}}", "{{("+a+").X}}", "{{"+a+" 1}}", "{{"+a+" | print}}", "{{1 | "+a+"}}", "{{range $v := "+a+"}}[{{$v}}]{{end}}", "{{range $i, $v := "+a+"}}[{{$i}}{{$v}}]{{end}}",
			"{{and 1 "+a+"}}", "{{and 0 "+a+"}}", "{{or 1 "+a+"}}", "{{or 0 "+a+"}}", "{{not "+a+"}}", "{{index "+a+" 0}}", "{{index .A "+a+"}}", "{{index . "+a+"}}", "{{slice "+a+" 1}}", "{{slice .A "+a+"}}", "{{slice .A 1 "+a+"}}", "{{printf "+a+" 1}}", "{{print 1 "+a+" 2}}", "{{println 1 "+a+" 2}}", "{{"+a+" | printf \"%v\"}}", "{{print \"x\" "+a+" "+a+"}}")
	}
	return out
}

func trimTemplates() []string {
	var out []string
	for _, left := range []string{"{{", "{{-", "{{- ", "{{-\n", "{{-\t", "{{ -", "{{ - ", "{{--"} {
		for _, right := range []string{"}}", "-}}", " -}}", "\n-}}", "\t-}}", " - }}", "  -}}", "\r-}}"} {
			out = append(out, "a \n\t"+left+".A"+right+" \r\n b", " "+left+"3"+right+" ", "x "+left+"/* c */"+right+" y", "x "+left+"if .A"+right+" y {{end}} z", "x "+left+" "+right+" y")
		}
	}
	return out
}

func quotingTemplates() []string {
	var out []string
	for _, name := range []string{"Q", "J", "NL", "BS", "U", "NP", "QQ", "QE", "QB", "BR", "SP", "PC", "ZW", "BT", "NB", "HZ", "CO", "RP"} {
		out = append(out, "{{."+name+"}}", "{{{."+name+"}}}", "{{len ."+name+"}}", "{{printf \"%q %+q %#q %x % X\" ."+name+" ."+name+" ."+name+" ."+name+" ."+name+"}}",
			"{{printf \"%.2s|%5.1s|%-6.3q|%.1x\" ."+name+" ."+name+" ."+name+" ."+name+"}}", "{{printf ."+name+" 1}}", "{{html ."+name+"}} {{js ."+name+"}} {{urlquery ."+name+"}}",
			"{{range $i, $c := len ."+name+"}}x{{end}}", "{{range len ."+name+"}}{{index $."+name+" .}} {{end}}", "{{eq ."+name+" ."+name+"}}{{lt ."+name+" .U}}", "{\"x\": \"{{."+name+"}}\"}")
	}
	return append(out, "{{.}}", "{{printf \"%v %q %x\" . . .}}", "{{printf \"%#v\" .}}", "{{range $k, $v := .}}{{$k}}={{$v}};{{end}}", "{{range .}}{{.}};{{end}}", "{{js .}}", "{{html .}}", "{{urlquery .}}", "{{slice .U 0 2}}", "{{slice .U 0 1}}", "{{slice .U 0 1}}{{slice .U 1}}", "{{\"\\xff\"}}", "{{printf \"%x\" \"\\xff\"}}", "{{len \"\\xff\\u00e9\"}}", "{{printf \"%q\" \"\\xff\"}}", "{{js \"\\xff\"}}", "{{eq \"\\xc3\\xa9\" \"é\"}}", "{{\"\\xc3\"}}{{\"\\xa9\"}}")
}
