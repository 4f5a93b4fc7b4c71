package io.millrace.values.json;

import io.millrace.values.bytes.ByteWriter;
import java.util.Arrays;
import java.util.List;

/** Finds what stands at a path inside canonical JSON. Immutable; several threads may use it. */
public final class JsonPath {

    private final List<Step> steps;

    /** @param path names of members, and places in arrays: from 0, or below 0 from the end */
    public JsonPath(List<String> path) {
        steps = path.stream().map(Step::new).toList();
    }

    /** @param name as it stands in canonical JSON, quotes included */
    private record Step(byte[] name, Integer place) {

        Step(String text) {
            this(quoted(text), text.matches("[+-]?[0-9]{1,9}") ? Integer.valueOf(text) : null);
        }

        private static byte[] quoted(String text) {
            var out = new ByteWriter(text.length() + 2);
            JsonCanon.string(text, out);
            return out.toBytes();
        }
    }

    /** The JSON at the path, null where there is none. */
    public byte[] in(byte[] json) {
        int at = 0;
        for (var step : steps) {
            at = switch (json[at]) {
                case '{' -> member(json, at + 1, step.name);
                case '[' -> step.place == null ? -1 : element(json, at + 1, step.place);
                default -> -1;
            };
            if (at < 0) {
                return null;
            }
        }
        return Arrays.copyOfRange(json, at, end(json, at));
    }

    private static int member(byte[] json, int from, byte[] name) {
        int at = from;
        while (json[at] != '}') {
            int colon = end(json, at);
            if (Arrays.equals(json, at, colon, name, 0, name.length)) {
                return colon + 1;
            }
            at = next(json, colon + 1);
        }
        return -1;
    }

    private static int element(byte[] json, int from, int place) {
        int wanted = place;
        if (place < 0) {
            for (int at = from; json[at] != ']'; at = next(json, at)) {
                wanted++;
            }
        }
        int at = from;
        for (int i = 0; i < wanted && json[at] != ']'; i++) {
            at = next(json, at);
        }
        return wanted < 0 || json[at] == ']' ? -1 : at;
    }

    /** Behind the value and its comma. */
    private static int next(byte[] json, int at) {
        int end = end(json, at);
        return json[end] == ',' ? end + 1 : end;
    }

    /** Behind the value that begins here. */
    private static int end(byte[] json, int from) {
        int depth = 0;
        int at = from;
        do {
            switch (json[at]) {
                case '{', '[' -> depth++;
                case '}', ']' -> depth--;
                case '"' -> at = endOfString(json, at) - 1;
                default -> {
                    while (depth == 0 && at + 1 < json.length && ",]}".indexOf(json[at + 1]) < 0) {
                        at++;
                    }
                }
            }
            at++;
        } while (depth > 0);
        return at;
    }

    private static int endOfString(byte[] json, int from) {
        int at = from + 1;
        while (json[at] != '"') {
            at += json[at] == '\\' ? 2 : 1;
        }
        return at + 1;
    }
}
