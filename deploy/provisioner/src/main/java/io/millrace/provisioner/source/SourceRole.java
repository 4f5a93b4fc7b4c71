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
 * @param source whose it is: a role may be that of several sources of one database, and each notes what it needs
 * @param isFiles whether it is the one that the pipeline files name
 * @param users empty for one that services came as before
 */
record SourceRole(String name, String password, String source, boolean isFiles, Set<SourceUser> users) {

    /** What a note of a right of the files' role began with once, which told neither the role nor the source. */
    static final String FORMER_RIGHT = "right ";
    /** Before the source's name. */
    private static final String RIGHT_OF = "right-of ";

    SourceRole {
        users = Set.copyOf(users);
    }

    /** That of the pipeline files. */
    static SourceRole ofFiles(String source, Login login) {
        return new SourceRole(login.user(), login.password(), source, true, Set.of());
    }

    /** One that the regions file names. */
    static SourceRole of(String source, Login login) {
        return new SourceRole(login.user(), login.password(), source, false, Set.of());
    }

    /** What all notes of a source's roles begin with. */
    static String notes(String source) {
        return RIGHT_OF + source + " ";
    }

    /** The same role for one service more. */
    SourceRole with(SourceUser user) {
        var all = new HashSet<>(users);
        all.add(user);
        return new SourceRole(name, password, source, isFiles, all);
    }

    /** What the notes of its rights begin with. */
    String note() {
        return noteOf(source);
    }

    /** What another source's notes of rights of the same role begin with. */
    String noteOf(String other) {
        return notes(other) + sql() + " ";
    }

    boolean replicates() {
        return users.contains(SourceUser.CAPTURE);
    }

    String sql() {
        return TableName.quote(name);
    }
}
