package io.millrace.provisioner.source;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.source.SourceUser;
import io.millrace.provisioner.Login;
import java.util.HashSet;
import java.util.Set;

/**
 * A role of a source database, and which services come as it.
 *
 * @param name as the catalog has it
 * @param password null where it is none of this run's
 * @param note what the notes of its rights begin with
 * @param users empty for one that services came as before
 */
record SourceRole(String name, String password, String note, Set<SourceUser> users) {

    /** Of the role that pipeline files name. */
    private static final String RIGHT = "right ";
    /** Of any other, before the source's name: another source of the same database may have one of the same name. */
    private static final String RIGHT_OF = "right-of ";

    SourceRole {
        users = Set.copyOf(users);
    }

    /** That of the pipeline files. */
    static SourceRole ofFiles(Login login) {
        return new SourceRole(login.user(), login.password(), RIGHT, Set.of());
    }

    /** One that the regions file names. */
    static SourceRole of(String source, Login login) {
        return new SourceRole(login.user(), login.password(), notes(source) + TableName.quote(login.user()) + " ", Set.of());
    }

    /** What all notes of roles begin with that a regions file named for a source. */
    static String notes(String source) {
        return RIGHT_OF + source + " ";
    }

    /** The same role for one service more. */
    SourceRole with(SourceUser user) {
        var all = new HashSet<>(users);
        all.add(user);
        return new SourceRole(name, password, note, all);
    }

    boolean isFiles() {
        return note.equals(RIGHT);
    }

    boolean replicates() {
        return users.contains(SourceUser.CAPTURE);
    }

    String sql() {
        return TableName.quote(name);
    }
}
