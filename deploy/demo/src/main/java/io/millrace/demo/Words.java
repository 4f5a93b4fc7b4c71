package io.millrace.demo;

import java.util.random.RandomGenerator;

/** Names and sentences as the pages show them, with the characters that break careless encoders among them. */
final class Words {

    private static final String[] SERVICES = {"checkout", "payments", "search", "catalogue", "identity", "billing", "ingest", "mailer", "gateway", "ledger",
        "media", "orders", "pricing", "reports", "sessions", "shipping", "stock", "streams", "tokens", "webhooks"};
    private static final String[] SIGNALS = {"CPU", "memory", "latency", "error rate", "queue depth", "disk", "saturation", "restarts", "lag", "throughput"};
    private static final String[] LEVELS = {"High", "Low", "Unusual", "Rising", "Falling", "Missing"};
    private static final String[] FIRST = {"Ada", "Björn", "Chiara", "Dáithí", "Elif", "Farid", "Grace", "Hanako", "Ines", "João", "Kofi", "Léa", "Mateusz",
        "Nadia", "Ólafur", "Priya", "Quentin", "Ruth", "Søren", "Tomáš"};
    private static final String[] LAST = {"Abe", "Berg", "Costa", "Dunne", "Eriksen", "Fischer", "Garnier", "Haddad", "Ivanova", "Jensen", "Kowalski", "Lopes",
        "Mbeki", "Novák", "O'Brien", "Petit", "Quist", "Rossi", "Singh", "Tanaka"};
    private static final String[] PROSE = {"the", "service", "when", "restart", "runbook", "escalate", "page", "threshold", "check", "dashboard", "deploy",
        "before", "after", "replica", "region", "customer", "traffic", "night", "window", "owner", "rollback", "cache", "shard", "queue"};
    private static final String[] ODD = {"", "\"quoted\" \\ back\\slash", "tab\there", "line\nbreak\r\n", "ünïcödé 日本語", "🚨 pager 🧯", "</script><b>&amp;", "\u2028sep\u2029",
        "\u0001\u001f\u007f", "null", "{}", "💩\uD83D\uDE00e\u0301"};

    private Words() {}

    static String pick(RandomGenerator random, String... from) {
        return from[random.nextInt(from.length)];
    }

    static String service(RandomGenerator random) {
        return pick(random, SERVICES);
    }

    static String person(RandomGenerator random) {
        return pick(random, FIRST) + " " + pick(random, LAST);
    }

    static String monitorName(RandomGenerator random) {
        var name = pick(random, LEVELS) + " " + pick(random, SIGNALS) + " on " + service(random) + "-" + random.nextInt(100);
        return random.nextInt(50) == 0 ? name + " " + pick(random, ODD) : name;
    }

    static String query(RandomGenerator random) {
        return "avg over 5m of " + service(random) + "." + pick(random, "cpu", "heap", "p99", "errors", "depth") + " by host > " + random.nextInt(1, 1000);
    }

    static String title(RandomGenerator random) {
        return pick(random, "Overview of ", "Health of ", "Cost of ", "On call: ", "Capacity of ") + service(random) + " " + random.nextInt(1000);
    }

    /** A few words, sometimes none, sometimes odd. */
    static String sentence(RandomGenerator random) {
        return switch (random.nextInt(20)) {
            case 0 -> pick(random, ODD);
            case 1 -> null;
            default -> prose(random, 20 + random.nextInt(160));
        };
    }

    /** Long enough that Postgres stores it out of line (TOAST) even after compression. */
    static String chapter(RandomGenerator random) {
        return prose(random, 9_000 + random.nextInt(6_000));
    }

    private static String prose(RandomGenerator random, int length) {
        var text = new StringBuilder(length + 16);
        while (text.length() < length) {
            text.append(PROSE[random.nextInt(PROSE.length)]).append(' ');
            if (random.nextInt(6) == 0) {
                text.append(Long.toString(random.nextLong() >>> 1, 36)).append(' ');
            }
        }
        return text.toString();
    }

    static String json(RandomGenerator random) {
        return switch (random.nextInt(4)) {
            case 0 -> "{}";
            case 1 -> "{\"z\": 1, \"renotify\": " + random.nextInt(90) + ", \"a\": {\"include_tags\": " + random.nextBoolean() + ", \"B\": null}}";
            case 2 -> "{\"thresholds\": [" + random.nextInt(100) + ", 1.50, -0.000001, 12345678901234567890.5], \"note\": \"" + random.nextInt() + " \\\" \\u00e9 \\ud83d\\ude80\"}";
            default -> "{\"locked\": " + random.nextBoolean() + ", \"é\": \"ß\", \"silenced\": {\"" + service(random) + "\": " + random.nextLong(1L << 53) + "}}";
        };
    }
}
