package io.millrace.purge.enrichment;

import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.comparison.Json;
import io.millrace.pipeline.file.Enrichment;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.OffsetDateTime;

/** What may be added to a document. */
final class Additions {

    /** Of an object, as JSON in UTF-8. A row, its change and its document go through Kafka as one record each. */
    static final int MOST_BYTES = 256 * 1024;
    private static final int DEEPEST = 32;
    /** Digits before and behind the point: as many as a double has places. */
    private static final int MOST_PLACES = 310;

    private Additions() {}

    /** What is wrong with it, and what to do. */
    static final class Refusal extends Exception {

        private static final long serialVersionUID = 1L;

        private final String next;

        Refusal(String why, String next) {
            super(why, null, false, false);
            this.next = next;
        }

        String next() {
            return next;
        }
    }

    /** The object that a patch is. */
    static Json.Members patch(String text, Enrichment enrichment) throws Refusal {
        refuseDeep(text);
        if (!(json(text) instanceof Json.Members patch)) {
            throw new Refusal("the patch is no JSON object", "send an object, such as {\"" + enrichment.fields().firstKey() + "\": …}, as RFC 7396 has it");
        }
        for (var member : patch.members().entrySet()) {
            var type = enrichment.fields().get(member.getKey());
            if (type == null && !isNull(member.getValue())) {
                throw new Refusal("the pipeline's file names no field '" + member.getKey() + "' under enrichment.fields; there are " + String.join(", ", enrichment.fields().keySet()), "name one of these, or add it to the file");
            }
            if (type != null && type != Enrichment.Type.JSON && !fits(member.getValue(), type)) {
                throw new Refusal("'" + member.getKey() + "' is " + type.name().toLowerCase(java.util.Locale.ROOT) + " in the pipeline's file, and the patch has " + shortened(member.getValue()), "send " + wanted(type) + ", a list of such, or null to take it away");
            }
            refuseUnkept(member.getKey(), member.getValue());
        }
        return patch;
    }

    /** The text of an object as it is kept. */
    static String kept(Json.Members object) throws Refusal {
        var text = CanonicalJson.write(object);
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MOST_BYTES) {
            throw new Refusal("the enrichment would have " + bytes + " bytes, and " + MOST_BYTES + " are the most", "take something of it away by null");
        }
        return text;
    }

    private static Json json(String text) throws Refusal {
        try {
            return CanonicalJson.read(text);
        } catch (IllegalArgumentException e) {
            throw new Refusal("the patch is no JSON: " + e.getMessage(), "send a JSON object, as RFC 7396 has it");
        }
    }

    /** Before it is read, for whoever reads it goes as deep. */
    private static void refuseDeep(String text) throws Refusal {
        int depth = 0;
        boolean isQuoted = false;
        for (int i = 0; i < text.length(); i++) {
            switch (text.charAt(i)) {
                case '"' -> isQuoted = !isQuoted;
                case '\\' -> i += isQuoted ? 1 : 0;
                case '{', '[' -> depth += isQuoted ? 0 : 1;
                case '}', ']' -> depth -= isQuoted ? 0 : 1;
                default -> { }
            }
            if (depth > DEEPEST) {
                throw new Refusal("the patch is more than " + DEEPEST + " levels deep", "send what is flatter");
            }
        }
    }

    private static boolean isNull(Json json) {
        return json instanceof Json.Literal(var text) && text.equals("null");
    }

    private static boolean fits(Json json, Enrichment.Type type) {
        return json instanceof Json.Elements(var elements) ? elements.stream().allMatch(element -> isOne(element, type)) : isOne(json, type);
    }

    private static boolean isOne(Json json, Enrichment.Type type) {
        return isNull(json) || switch (type) {
            case KEYWORD, TEXT -> json instanceof Json.Text;
            case LONG -> json instanceof Json.Literal(var text) && isLong(text);
            case DOUBLE -> json instanceof Json.Literal(var text) && isNumber(text);
            case BOOLEAN -> json instanceof Json.Literal(var text) && !isNumber(text);
            case DATE -> json instanceof Json.Text(var text) && isTime(text);
            case JSON -> true;
        };
    }

    private static boolean isNumber(String literal) {
        return !literal.equals("true") && !literal.equals("false") && !literal.equals("null");
    }

    private static boolean isLong(String literal) {
        try {
            Long.parseLong(literal);
            return true;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private static boolean isTime(String text) {
        try {
            return (text.length() <= 10 ? LocalDate.parse(text).getYear() : OffsetDateTime.parse(text).getYear()) <= 9_999;
        } catch (DateTimeException e) {
            return false;
        }
    }

    private static String wanted(Enrichment.Type type) {
        return switch (type) {
            case KEYWORD, TEXT -> "a text";
            case LONG -> "a whole number of 64 bits";
            case DOUBLE -> "a number";
            case BOOLEAN -> "true or false";
            case DATE -> "a day such as 2026-01-31, or a moment such as 2026-01-31T12:00:00Z";
            case JSON -> "anything";
        };
    }

    private static String shortened(Json json) {
        var text = CanonicalJson.write(json);
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }

    /** What Postgres would refuse, or write out at any length. */
    private static void refuseUnkept(String name, Json json) throws Refusal {
        switch (json) {
            case Json.Members(var members) -> {
                for (var member : members.entrySet()) {
                    refuseUnkept(name, new Json.Text(member.getKey()));
                    refuseUnkept(name, member.getValue());
                }
            }
            case Json.Elements(var elements) -> {
                for (var element : elements) {
                    refuseUnkept(name, element);
                }
            }
            case Json.Text(var text) -> {
                if (text.indexOf('\0') >= 0 || !StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
                    throw new Refusal("'" + name + "' contains the character U+0000 or half of a surrogate pair, which Postgres cannot hold", "leave it out");
                }
            }
            case Json.Literal(var literal) -> {
                if (isNumber(literal) && isImmense(literal)) {
                    throw new Refusal("'" + name + "' has a number of more than " + MOST_PLACES + " places", "send it as a text");
                }
            }
        }
    }

    private static boolean isImmense(String number) {
        if (number.length() > 2 * MOST_PLACES) {
            return true;
        }
        try {
            var value = new BigDecimal(number);
            return value.scale() > MOST_PLACES || (long) value.precision() - value.scale() > MOST_PLACES;
        } catch (NumberFormatException e) {
            return true;
        }
    }
}
