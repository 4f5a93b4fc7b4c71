package io.millrace.capture.row;

import io.millrace.pipeline.file.ColumnForm;
import io.millrace.pipeline.file.RowForm;
import io.millrace.pipeline.form.KeyedHash;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What the pipeline file makes of a table's rows, with the keys of its hashes at hand. Not thread-safe.
 *
 * @param asked what the file says
 * @param hashes by the columns that they are of
 * @param inputs the columns whose values it takes
 */
public record Form(RowForm asked, Map<String, KeyedHash> hashes, Set<String> inputs) {

    /** Rows as the table has them. */
    static final Form AS_IT_IS = of(RowForm.AS_IT_IS);

    private static final int MARK = 16;

    /** @throws IllegalStateException when a key is not where the file says */
    public static Form of(RowForm asked) {
        var hashes = new TreeMap<String, KeyedHash>();
        var inputs = new TreeSet<String>();
        asked.columns().forEach((name, form) -> {
            if (form instanceof ColumnForm.Hashed(var key)) {
                hashes.put(name, KeyedHash.of(key));
                inputs.add(name);
            }
            form.columns().forEach(inputs::add);
        });
        if (asked.rows() != null) {
            asked.rows().columns().forEach(inputs::add);
        }
        return new Form(asked, hashes, inputs);
    }

    /** Whether a column's value is of use. */
    boolean takes(String column) {
        return inputs.contains(column) || !asked.columns().containsKey(column);
    }

    /** Another text for another form, or for another key of a hash; empty where rows go as they are. */
    public String mark() {
        if (asked.isAsItIs()) {
            return "";
        }
        var said = new StringBuilder();
        asked.columns().forEach((name, form) -> said.append(name).append(": ").append(FormText.of(form, hashes.containsKey(name) ? hashes.get(name).of(name) : null)).append('\n'));
        said.append(FormText.of(asked.rows()));
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(said.toString().getBytes(StandardCharsets.UTF_8))).substring(0, MARK);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}
