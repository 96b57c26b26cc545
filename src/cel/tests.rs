use super::*;
use json::Json;

/// Evaluates over `object`, and prints the answer as an expression would.
fn answer(text: &str, object: &str) -> String {
    let mut names = Names::default();
    names.add("object");
    let expression = match Expression::compile(text, &names) {
        Ok(expression) => expression,
        Err(mistakes) => return format!("mistake: {}", mistakes[0]),
    };
    let json: Json<'_> = serde_json::from_str(object).expect("JSON");
    let value = Value::of_json(&json).expect("readable");
    let patterns = Patterns::default();
    let mut machine = Machine::new(vec![Slot::Value(value)], &patterns);
    match machine.evaluate(&expression) {
        Ok(Value::Bool(value)) => value.to_string(),
        Ok(Value::Text(text)) => text.to_string(),
        Ok(Value::Int(value)) => value.to_string(),
        Ok(other) => format!("{} {other:?}", other.kind()),
        Err(fault) => format!("fault: {}", fault.within(&expression)),
    }
}

fn holds(expressions: &[&str]) {
    for expression in expressions {
        assert_eq!(answer(expression, "{}"), "true", "{expression}");
    }
}

fn faults(expressions: &[(&str, &str)]) {
    for (expression, part) in expressions {
        let answer = answer(expression, "{}");
        assert!(answer.starts_with("fault: ") && answer.contains(part), "{expression}: {answer}");
    }
}

fn mistaken(expressions: &[(&str, &str)]) {
    for (expression, part) in expressions {
        let answer = answer(expression, "{}");
        assert!(answer.starts_with("mistake: ") && answer.contains(part), "{expression}: {answer}");
    }
}

#[test]
fn operators_follow_the_specification() {
    holds(&[
        "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9 && 7 - 2 - 1 == 4",
        "-7 / 2 == -3 && -7 % 2 == -1 && 7u / 2u == 3u",
        "-9223372036854775808 < 0 && 9223372036854775807 > 0",
        "1 == 1.0 && 1u == 1 && 1 < 1.5 && 2u > 1.5 && -1 < 1u",
        "9007199254740993 != 9007199254740992.0",
        "[1, 2] == [1.0, 2u] && {'a': 1} == {'a': 1.0} && [1] != ['1']",
        "'a' != 1 && null == null && null != 0 && 'a' < 'b' && false < true",
        "'a' + 'b' == 'ab' && [1] + [2] == [1, 2] && b'a' + b'b' == b'ab'",
        "2 in [1, 2.0] && 'a' in {'a': 1} && !('b' in {'a': 1})",
        "true ? true : 1 / 0 == 1",
        "(true || 1 / 0 == 1) && (1 / 0 == 1 || true) && !(false && 1 / 0 == 1) && !(1 / 0 == 1 && false)",
        "[1, 2, 3][1] == 2 && {'a': {'b': 1}}.a.b == 1 && {1: 'x'}[1] == 'x' && {1: 'x'}[1.0] == 'x'",
        "!!true && --1 == 1",
        "type(1) == int && type('') == string && type([]) == list && type(type(1)) == type && type(null) == null_type",
        "double('nan') != double('nan')",
        "timestamp('2026-11-21T10:00:00Z') - timestamp('2026-11-20T10:00:00Z') == duration('24h')",
        "timestamp('2026-11-21T10:00:00+01:00') + duration('1h30m') == timestamp('2026-11-21T10:30:00Z')",
        "timestamp('2026-11-21T10:00:00Z').getDayOfWeek() == 6 && timestamp('2026-01-31T00:00:00Z').getMonth() == 0",
        "string(duration('1.5s')) == '1.5s' && duration('-90m').getHours() == -1",
        "int('42') == 42 && int(4.9) == 4 && uint(3) == 3u && double(1) == 1.0 && string(1.5) == '1.5' && bool('true')",
        "size('åäö') == 3 && size([1]) == 1 && {'a': 1}.size() == 1 && b'\\xff'.size() == 1",
    ]);
    faults(&[
        ("1 / 0 == 1", "division by zero"),
        ("9223372036854775807 + 1 == 0", "overflow"),
        ("1 + 1.0 == 2.0", "`+` has no meaning for int and double"),
        ("1 < 'a'", "no meaning for int and string"),
        ("{'a': 1}.b", "no such key: b"),
        ("[1][1]", "out of bounds"),
        ("'a' && true", "true or false, not string"),
        ("1 / 0 == 1 || false", "division by zero"),
        ("{'a': 1, 'a': 2}", "each key once"),
        ("int('x')", "no integer"),
    ]);
}

#[test]
fn macros_follow_the_specification() {
    holds(&[
        "has({'a': 1}.a) && !has({'a': 1}.b)",
        "[1, 2].all(x, x > 0) && [1, 2].exists(x, x == 2) && [1, 2, 2].exists_one(x, x == 1) && [].all(x, false)",
        "[1, 0].exists(x, 1 / x == 1) && ![0, 1].all(x, 1 / x == 2)",
        "[1, 2, 3].filter(x, x > 1) == [2, 3] && [1, 2].map(x, x * 2) == [2, 4] && [1, 2].map(x, x > 1, x * 2) == [4]",
        "{'a': 1, 'b': 2}.all(key, key != '') && {'a': 1}.map(key, key) == ['a']",
        "[1, 2].all(x, [1, 2].exists(y, y == x))",
        "['a', 'b'].all(i, v, i == 0 || v == 'b') && {'a': 1}.exists(k, v, k == 'a' && v == 1)",
        "[1, 2].transformList(i, v, i + v) == [1, 3] && [1, 2].transformList(i, v, i > 0, v) == [2]",
        "{'a': 1}.transformMap(k, v, v + 1) == {'a': 2} && [1, 2].existsOne(i, v, i == 0 && v == 1)",
        "[3, 1, 2].sortBy(x, -x) == [3, 2, 1]",
        "cel.bind(x, 20, x + x) == 40",
        "{'a': {'b': 1}}.?a.?b.orValue(2) == 1 && {'a': {}}.?a.b.orValue(2) == 2 && {}.?a.?b.hasValue() == false",
        "[1][?5].orValue(7) == 7 && {'a': 1}[?'a'].value() == 1 && optional.none().or(optional.of(1)).value() == 1",
        "optional.of(1).optMap(x, x + 1).value() == 2 && !optional.none().optMap(x, x).hasValue()",
        "optional.of(1).optFlatMap(x, optional.none()) == optional.none() && !optional.ofNonZeroValue('').hasValue()",
        "[?{'a': 1}.?a, ?{}.?a] == [1] && {?'a': {}.?a} == {}",
    ]);
    faults(&[("[0, 1].exists(x, 1 / x == 5)", "division by zero"), ("1.all(x, true)", "no elements")]);
}

#[test]
fn strings_and_lists_follow_cel_go() {
    holds(&[
        "'hello'.charAt(4) == 'o' && 'hello'.charAt(5) == ''",
        "'hello mellow'.indexOf('ello') == 1 && 'hello mellow'.indexOf('ello', 2) == 7 && 'x'.indexOf('y') == -1",
        "'hello mellow'.lastIndexOf('ello') == 7 && 'hello mellow'.lastIndexOf('ello', 6) == 1 && 'x'.lastIndexOf('') == 1",
        "['hello', 'mellow'].join() == 'hellomellow' && ['hello', 'mellow'].join(' ') == 'hello mellow' && [].join('/') == ''",
        "'TacoCat'.lowerAscii() == 'tacocat' && 'TacoCÆt'.upperAscii() == 'TACOCÆT' && '  \\ttrim\\n'.trim() == 'trim'",
        "'hello hello'.replace('he', 'we') == 'wello wello' && 'hello hello'.replace('he', 'we', 1) == 'wello hello'",
        "'hello hello'.replace('he', 'we', 0) == 'hello hello' && 'ab'.replace('', '_') == '_a_b_'",
        "'a b c'.split(' ') == ['a', 'b', 'c'] && 'a b c'.split(' ', 2) == ['a', 'b c'] && 'a b'.split(' ', 0) == []",
        "'ab'.split('') == ['a', 'b'] && 'a'.split(' ', 1) == ['a']",
        "'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco' && 'åäö'.substring(1, 2) == 'ä'",
        "'gums'.reverse() == 'smug' && strings.quote('a\"b') == '\"a\\\\\"b\"'",
        "'%s has %d of %.2f%%'.format(['x', 3, 1.5]) == 'x has 3 of 1.50%' && '%s'.format([[1, 'a']]) == '[1, a]'",
        "'%x %X %b %o'.format([255, 'hi', 5, 8]) == 'ff 6869 101 10' && '%.1e'.format([1052.03]) == '1.1e+03'",
        "[1, 2, 3].isSorted() && !['b', 'a'].isSorted() && [1, 3].sum() == 4 && [1.0, 3.0].sum() == 4.0 && [].sum() == 0",
        "[1, 3].min() == 1 && [1, 3].max() == 3 && [1, 2, 2].indexOf(2) == 1 && [1, 2, 2].lastIndexOf(2) == 2",
        "[1, 2, 1].distinct() == [1, 2] && [1, [2, [3]]].flatten() == [1, 2, [3]] && [[1, [2]]].flatten(2) == [1, 2]",
        "[3, 1].sort() == [1, 3] && [1, 2, 3].slice(1, 3) == [2, 3] && lists.range(3) == [0, 1, 2] && [1].first().value() == 1",
        "sets.contains([1, 2], [1, 1.0]) && sets.equivalent([1], [1, 1u]) && sets.intersects([1, 2], [2]) && !sets.intersects([], [1])",
        "'hello'.contains('ell') && 'hello'.startsWith('he') && 'hello'.endsWith('lo')",
    ]);
    faults(&[
        ("'tacocat'.substring(40)", "out of range"),
        ("'tacocat'.substring(3, 1)", "before it begins"),
        ("'hello'.charAt(6)", "out of range"),
        ("[].min()", "empty list"),
        ("[1, 'a'].isSorted()", "no order"),
        ("[1, 'a'].sort()", "no order"),
    ]);
}

/// The examples of k8s.io/apiserver/pkg/cel/library.
#[test]
fn kubernetes_libraries_follow_kubernetes() {
    holds(&[
        "\"abc 123\".find('[0-9]+') == '123' && \"abc 123\".find('xyz') == ''",
        "\"123 abc 456\".findAll('[0-9]+') == ['123', '456'] && \"123 abc 456\".findAll('[0-9]+', 1) == ['123']",
        "'registry.example.com/a'.matches('^registry[.]') && matches('abc', 'b') && 'a1'.matches('[a-z]' + '[0-9]')",
        "isQuantity('1.3Gi') && isQuantity('-1.3') && !isQuantity('1.3gi') && !isQuantity('Three') && !isQuantity('')",
        "quantity('50000000G').isInteger() && !quantity('9999999999999999999999999999999999999G').isInteger()",
        "quantity('50k').asInteger() == 50000 && quantity('50.703k').asApproximateFloat() == 50703.0",
        "quantity('50k').add(quantity('20k')) == quantity('70k') && quantity('50k').sub(20000) == quantity('30k')",
        "quantity('50k').add(20).sub(quantity('100k')) == quantity('-49980')",
        "quantity('200M').compareTo(quantity('0.2G')) == 0 && quantity('150Mi').isGreaterThan(quantity('100Mi'))",
        "quantity('50M').isLessThan(quantity('100M')) && quantity('500m') == quantity('0.5') && quantity('0').sign() == 0",
        "quantity('1e3') == quantity('1k') && quantity('1Ki').asInteger() == 1024 && quantity('-5').sign() == -1",
        "isSemver('1.0.0') && !isSemver('v1.0') && isSemver('v1.0', true) && !isSemver('hello')",
        "semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3",
        "semver('1.2.3').compareTo(semver('2.0.0')) == -1 && semver('1.0.0').isLessThan(semver('1.2.3'))",
        "semver('v01.01', true).compareTo(semver('1.1.0')) == 0 && semver('1.0.0-alpha').isLessThan(semver('1.0.0'))",
        "isIP('127.0.0.1') && isIP('::1') && !isIP('127.0.0.256') && !isIP(':::1') && !isIP('::ffff:1.2.3.4') && !isIP('fe80::1%eth0')",
        "ip.isCanonical('127.0.0.1') && ip.isCanonical('2001:db8::abcd') && !ip.isCanonical('2001:DB8::ABCD')",
        "ip('127.0.0.1').family() == 4 && ip('::1').family() == 6 && ip('0.0.0.0').isUnspecified() && ip('::1').isLoopback()",
        "ip('224.0.0.1').isLinkLocalMulticast() && !ip('224.0.1.1').isLinkLocalMulticast() && ip('ff02::1').isLinkLocalMulticast()",
        "ip('169.254.169.254').isLinkLocalUnicast() && ip('fe80::1').isLinkLocalUnicast() && !ip('fd80::1').isLinkLocalUnicast()",
        "ip('192.168.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast() && ip('2001:db8::abcd').isGlobalUnicast()",
        "ip('192.168.0.1') == ip('192.168.0.1') && string(ip('127.0.0.1')) == '127.0.0.1'",
        "isCIDR('192.168.0.0/16') && isCIDR('::1/128') && !isCIDR('192.168.0.0/33') && !isCIDR('192.168.0.0/')",
        "cidr('192.168.0.0/24').containsIP(ip('192.168.0.1')) && !cidr('192.168.0.0/24').containsIP('192.168.1.1')",
        "cidr('192.168.0.0/24').containsCIDR(cidr('192.168.0.0/26')) && !cidr('192.168.0.0/24').containsCIDR('192.168.0.0/23')",
        "cidr('192.168.0.1/24').ip() == ip('192.168.0.1') && cidr('192.168.0.1/24').masked() == cidr('192.168.0.0/24')",
        "cidr('192.168.0.0/24').prefixLength() == 24 && string(cidr('::1/128')) == '::1/128' && cidr('0.0.0.0/0').containsIP('8.8.8.8')",
        "isURL('https://example.com') && isURL('/absolute-path') && !isURL('https://a:b:c') && !isURL('../relative-path') && !isURL('example')",
        "url('https://example.com:80/path').getHost() == 'example.com:80' && url('https://[::1]:80/').getHostname() == '::1'",
        "url('https://user:secret@example.com/').getHost() == 'example.com' && url('/path').getScheme() == ''",
        "url('https://example.com:80/').getPort() == '80' && url('https://example.com/').getPort() == '' && url('HTTPS://a').getScheme() == 'https'",
        "url('https://example.com/path with spaces/').getEscapedPath() == '/path%20with%20spaces/'",
        "url('https://example.com/?k1=a&k2=b&k2=c').getQuery() == {'k1': ['a'], 'k2': ['b', 'c']}",
        "url('https://example.com/?k%20a=1+2').getQuery() == {'k a': ['1 2']} && url('/x').getQuery() == {}",
    ]);
    faults(&[
        ("quantity('50k').add('x')", "no meaning for quantity, string"),
        ("quantity('9999999999999999999999999999999999999G').asInteger()", "no integer of 64 bits"),
        ("quantity('Three')", "no quantity"),
        ("semver('v1.0')", "no semantic version"),
        ("ip('127.0.0.256')", "no IP address"),
        ("cidr('192.168.0.0/33')", "CIDR"),
        ("url('../x')", "no absolute URI"),
    ]);
}

#[test]
fn objects_are_read_where_they_lie() {
    let pod = r#"{"spec": {"replicas": 3, "big": 18446744073709551615, "ratio": 0.5, "nothing": null,
        "containers": [{"name": "web", "args": ["--a=1", "[redacted]"]}, {"name": "db"}], "volumes": "[unexpected]"}}"#;
    for (expression, expected) in [
        ("object.spec.replicas == 3 && object.spec.replicas > 2u && object.spec.ratio < 1", "true"),
        ("object.spec.big == 18446744073709551615u && object.spec.big > 1", "true"),
        ("object.spec.containers.all(c, c.name != '') && object.spec.containers[1].name == 'db'", "true"),
        ("has(object.spec.nothing) || has(object.status) || has(object.spec.containers[1].args)", "false"),
        ("object.spec.?nothing.?more.orValue('none')", "none"),
        ("object.spec.containers.map(c, c.name).join(', ')", "web, db"),
        ("object.spec.containers[0].args.exists(a, a == '--a=1')", "true"),
        (
            "object.spec.containers[0].args.exists(a, a == '--b=1')",
            "fault: `object.spec.containers[0].args.exists(a, a == '--b=1')`: the value was redacted when it was collected",
        ),
        ("has(object.spec.volumes) || true", "true"),
        (
            "object.spec.volumes != []",
            "fault: `object.spec.volumes`: `volumes`: the value does not have the shape that its API promises",
        ),
        ("object.spec.missing.x", "fault: `object.spec.missing`: no such key: missing"),
    ] {
        assert_eq!(answer(expression, pod), expected, "{expression}");
    }
}

#[test]
fn mistakes_are_found_before_anything_is_evaluated() {
    mistaken(&[
        ("objct.spec", "no variable is named `objct`; did you mean `object`?"),
        ("object.spec.name.startswith('a')", "no function is named `startswith`; did you mean `startsWith`?"),
        ("quantity(1, 2)", "takes 1 arguments, not 2"),
        ("isIP", "no variable is named `isIP`"),
        ("object.isIP()", "called on its own"),
        ("lowerAscii('a')", "called on a value"),
        ("sets.contain([], [])", "did you mean `sets.contains`?"),
        ("object.spec =", "expected the end or an operator"),
        ("object.a = 1", "expected the end or an operator"),
        ("has(object)", "`has` asks for a field"),
        ("[1].all(1, true)", "name of its variable"),
        ("[1].all(x)", "takes 2 or 3 arguments, not 1"),
        ("'a'.matches('(')", "no regular expression"),
        ("(1 + 2", "the expression ends where `)` should follow"),
        ("", "the expression ends where a value should follow"),
        ("1 1", "expected the end"),
    ]);
    let mut names = Names::default();
    names.add("object");
    let mistakes = Expression::compile("objct.x == 1 && foo(object) && object.y.bar()", &names).expect_err("mistakes");
    let places: Vec<_> = mistakes.iter().map(|mistake| mistake.span.range()).collect();
    assert_eq!(places, [0..5, 16..19, 40..43]);
}

#[test]
fn names_of_two_words_are_known_beforehand() {
    let mut names = Names::default();
    names.add("params.limit");
    names.add("params.other-limit");
    assert!(Expression::compile("params.limit > 1 && params['other-limit'] > 1 && has(params.limit)", &names).is_ok());
    let mistakes = Expression::compile("params.limt > 1", &names).expect_err("unknown");
    assert_eq!(mistakes[0].to_string(), "`params` has no `limt`; did you mean `limit`?");
    assert!(Expression::compile("params", &names).is_err());
}

#[test]
fn variables_are_evaluated_once_and_when_needed() {
    let mut names = Names::default();
    names.add("variables.bad");
    let bad = Expression::compile("1 / 0", &Names::default()).expect("compiles");
    let lazy = Expression::compile("true || variables.bad == 1", &names).expect("compiles");
    let strict = Expression::compile("variables.bad == 1", &names).expect("compiles");
    let patterns = Patterns::default();
    let mut machine = Machine::new(vec![Slot::Formula(&bad)], &patterns);
    assert!(matches!(machine.evaluate(&lazy), Ok(Value::Bool(true))));
    let fault = machine.evaluate(&strict).expect_err("division");
    assert_eq!(fault.within(&strict), "`variables.bad`: `1 / 0`: division by zero");
}

#[test]
fn whatever_runs_away_is_stopped() {
    let ten = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
    let nested = (0..8).fold("true".to_owned(), |body, level| format!("{ten}.all(x{level}, {body})"));
    let texts = (0..24).fold("x".to_owned(), |body, level| format!("cel.bind(x, x + x + '{level}', {body})"));
    let doubled = (0..24).fold("x == x".to_owned(), |body, _| format!("cel.bind(x, [x, x], {body})"));
    for runaway in [
        nested,
        format!("false || {ten}.all(x, lists.range(1000000).all(y, true))"),
        format!("cel.bind(x, 'xxxxxxxxxxxxxxxx', {texts}) != ''"),
        format!("cel.bind(x, [1], {doubled})"),
        "lists.range(9000000000000).size() == 1".to_owned(),
    ] {
        let answer = answer(&runaway, "{}");
        assert!(answer.contains("more than 1000000 steps"), "{answer}");
    }
    for opening in ["(", "[", "{1:", "!", "-", "f(", "x[", "1?1:", "a.all(b,"] {
        let opened = answer(&opening.repeat(100_000 / opening.len()), "{}");
        assert!(opened.contains("bytes long"), "{opening}: {opened}");
        let opened = answer(&opening.repeat(16_000 / opening.len()), "{}");
        let bounded = opened.contains("nested deeper") || opened.contains("in a row");
        assert!(bounded, "{opening}: {opened}");
    }
    assert!(answer(&vec!["1"; 200].join("+"), "{}").contains("operators in a row"));
    assert!(answer(&format!("!{}", "!".repeat(100)), "{}").contains("nested deeper"));
    assert_eq!(answer(&vec!["true"; 1000].join(" && "), "{}"), "true");
}

/// Rows of operators in each other: every row is short, and the tree is deeper than any stack.
#[test]
fn no_tree_is_deeper_than_the_stack() {
    let mut deep = "1".to_owned();
    for _ in 0..30 {
        deep = format!("({deep}{}{}{})", " * 1".repeat(8), " + 1".repeat(8), " < 1".repeat(8));
    }
    assert!(answer(&deep, "{}").contains("operators and fields in each other"));
    let fields = (0..6).fold("object".to_owned(), |of, _| format!("({of}{})", ".a".repeat(20)));
    assert!(answer(&fields, "{}").contains("operators and fields in each other"));
    holds(&[&format!("{}7{} == 7", "(".repeat(32), ")".repeat(32)), &format!("{}true", "!".repeat(32))]);
    holds(&[&format!("{}19 == 19", "-".repeat(32)), &format!("3{} == 3", " - 3 + 3".repeat(12))]);
    holds(&[&format!("{}false", "true ? true : ".repeat(24))]);
}

#[test]
fn variables_in_each_other_are_no_deeper_than_the_stack() {
    let mut names = Names::default();
    names.add("variables.v0");
    let mut formulas = vec![Expression::compile("[1]", &Names::default()).expect("compiles")];
    for number in 1..32 {
        let wrapped = format!("{}variables.v{}{}", "[".repeat(30), number - 1, "]".repeat(30));
        formulas.push(Expression::compile(&wrapped, &names).expect("compiles"));
        names.add(format!("variables.v{number}"));
    }
    let patterns = Patterns::default();
    let last = Expression::compile("variables.v31 == 1 || true", &names).expect("compiles");
    let mut machine = Machine::new(formulas.iter().map(Slot::Formula).collect(), &patterns);
    assert!(machine.evaluate(&last).expect_err("deep").to_string().contains("levels deep"));
    // From the first to the last each has its value before the next is asked, so that the values lie in each other.
    for question in
        ["variables.v == variables.v || true", "'%s'.format([variables.v]) == ''", "variables.v.flatten(2000) == []"]
    {
        let mut machine = Machine::new(formulas.iter().map(Slot::Formula).collect(), &patterns);
        let questions: Vec<Expression> = (0..32)
            .map(|number| question.replace("variables.v", &format!("variables.v{number}")))
            .map(|question| Expression::compile(&question, &names).expect("compiles"))
            .collect();
        let faults = questions.iter().filter(|question| machine.evaluate(question).is_err()).count();
        assert!(faults > 0, "{question}");
    }
}

#[test]
fn work_inside_functions_is_counted() {
    let many: String = (0..40_000).map(|number| format!("\"k{number}\":1,")).collect();
    let object = format!("{{\"map\": {{{}\"last\": 1}}, \"text\": \"{}\"}}", many, ",a".repeat(500_000));
    for runaway in [
        "lists.range(1000).all(x, object.map.last == 1)",
        "object.map == object.map",
        "lists.range(1000).all(x, object.text.size() > 0)",
        "lists.range(1000).all(x, !isQuantity(object.text))",
        "cel.bind(l, lists.range(100000), l.all(x, sets.contains(l, [0])))",
        "(object.text + object.text + object.text).split(',').size() > 0",
        "object.text.findAll('a').size() > 0",
        "object.text.replace('a', object.text).size() > 0",
        "object.text.split(',').join(object.text).size() > 0",
        "lists.range(1000).all(x, 'a'.matches('a' + string(x)) || true)",
    ] {
        let answer = answer(runaway, &object);
        assert!(answer.contains("more than 1000000 steps"), "{runaway}: {answer}");
    }
    assert_eq!(answer("object.map.all(k, v, v == 1) && object.map.size() == 40001", &object), "true");
    let quoted = answer("int(object.text)", &object);
    assert!(quoted.len() < 500, "{}", quoted.len());
    assert!(answer("'a'.matches('(a{100}){100}')", "{}").contains("too large"));
}

/// Of cel-spec's conformance tests, what this interpreter once got wrong or could.
#[test]
fn conformance() {
    holds(&[
        "[1, 'foo', 3].exists(i, v, i == 1 && v != '1') && ![1, 'foo', 3].all(i, v, i == 0 || v == 1)",
        "[5, 7, 8].existsOne(i, v, v % 5 == i) && ![1, 2, 3].all(i, v, 6 / (2 - v) == i)",
        "bytes('\\377') != b'\\377' && string(b'\\303\\277') == 'ÿ' && string(-4.5e-3) == '-0.0045'",
        "type(dyn([1, 'one'])) == list && type(7) != type(7u) && int(-7.9) == -7 && uint(1e19) == 10000000000000000000u",
        "''' ? \" ' ` ''' == ' \\? \\\" \\' \\` ' && '\\x41\\101\\u0041\\U00000041' == 'AAAA'",
    ]);
    faults(&[
        ("[1, 2, 3].exists(i, v, v / i == 17)", "division by zero"),
        ("[3, 2, 1, 0].existsOne(i, v, v / i > 1)", "division by zero"),
        ("int(18446744073709551615u)", "overflow"),
        ("uint(-0.5)", "overflow"),
        ("uint(6.022e23)", "overflow"),
        ("int(-9223372036854775808.0)", "overflow"),
        ("-(-9223372036854775808)", "overflow"),
        ("-9223372036854775808 / -1", "overflow"),
        ("-9223372036854775808 % -1", "overflow"),
        ("0u - 1u", "overflow"),
        ("string(b'\\000\\xff')", "not UTF-8"),
    ]);
    mistaken(&[
        ("dyn", "no variable"),
        ("'\\x+1'", "no escape"),
        ("'\\ud800'", "no escape"),
        ("9223372036854775808", "64 bits"),
    ]);
}

/// What Kubernetes adds to the language or spells in its own way.
#[test]
fn kubernetes_has_its_own_spelling() {
    let object = r#"{"foo-bar": 1, "namespace": 2, "a.b/c": 3, "x__y": 4, "in": 5}"#;
    for text in [
        "object.foo__dash__bar == 1 && has(object.foo__dash__bar) && object.?foo__dash__bar.hasValue()",
        "object.__namespace__ == 2 && object.__in__ == 5",
        "object.a__dot__b__slash__c == 3 && object.x__underscores__y == 4",
        "object.`foo-bar` == 1 && object.`a.b/c` == 3",
    ] {
        assert_eq!(answer(text, object), "true", "{text}");
    }
    holds(&[
        "timestamp('2026-11-21T23:30:00Z').getHours('+02:00') == 1 && timestamp('2026-11-21T23:30:00Z').getDate('+02:00') == 22",
        "timestamp('2026-11-21T23:30:00Z').getMinutes('-03:45') == 45 && timestamp('2026-11-21T23:30:00Z').getHours('UTC') == 23",
        "string(1000000.0) == '1e+06' && string(6.02214e23) == '6.02214e+23' && string(0.00001) == '1e-05' && string(0.25) == '0.25'",
        "!format.dns1123Label().validate('web-1').hasValue() && format.dns1123Label().validate('Web').hasValue()",
        "format.named('dns1123Subdomain').value().validate('a..b').value()[0].contains('dns1123Subdomain')",
        "!format.named('nothing').hasValue() && format.named('uuid').value() == format.uuid()",
        "!format.qualifiedName().validate('example.com/name').hasValue() && format.qualifiedName().validate('a/b/c').hasValue()",
        "!format.dns1035LabelPrefix().validate('web-').hasValue() && format.dns1035Label().validate('web-').hasValue()",
        "!format.date().validate('2026-11-21').hasValue() && format.datetime().validate('2026-11-21').hasValue()",
        "!format.labelValue().validate('').hasValue() && format.byte().validate('a===').hasValue() && !format.uri().validate('https://a/b').hasValue()",
        "{'a': 1, 'b': 2}.transformMapEntry(k, v, {v: k}) == {1: 'a', 2: 'b'}",
        "[1, 2, 3].transformMapEntry(i, v, v > 1, {string(i): v}) == {'1': 2, '2': 3}",
    ]);
    faults(&[
        ("[1, 1].transformMapEntry(i, v, {v: i})", "each key once"),
        ("timestamp(0).getHours('Europe' + '/Berlin')", "no time zone here"),
    ]);
    mistaken(&[
        ("authorizer.group('')", "`authorizer` is not known here: it asks an API server"),
        ("request.userInfo.username == 'a'", "there is none"),
        ("oldObject == object", "nothing changes"),
        ("timestamp(0).getHours('Europe/Berlin') == 1", "write UTC or an offset such as +02:00"),
        ("object.`a", "not closed"),
    ]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    /// Whatever somebody types: an answer, a fault or a mistake inside the text, and no panic.
    #[test]
    fn nothing_brings_it_down(text in r#"([a-c.?()\[\]{}'"\\+*/%<>=!&|,: 0-9xu-]|object|\.map|\.all|å|has|size){0,40}"#) {
        let mut names = Names::default();
        names.add("object");
        match Expression::compile(&text, &names) {
            Ok(_) => { answer(&text, r#"{"a": [1, {"b": "c"}]}"#); }
            Err(mistakes) => {
                for mistake in mistakes {
                    proptest::prop_assert!(text.get(mistake.span.range()).is_some());
                }
            }
        }
    }
}
