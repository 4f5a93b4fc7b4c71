package io.millrace.provisioner.source;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.source.SourceUser;
import io.millrace.pipeline.wording.Counted;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The rights of a role: exactly those that the services need which come as it. Rights that Millrace gave and that it does not need any more are taken back; what somebody else gave is left alone.
 */
final class Grants implements Step {

    private static final String USAGE = "USAGE ON SCHEMA ";
    private static final String ON = " ON ";

    private final SourceDatabase database;
    private final SourceRole role;

    Grants(SourceDatabase database, SourceRole role) {
        this.database = database;
        this.role = role;
    }

    @Override
    public String describe() {
        return "source " + database.name() + ": role " + role.name() + (role.users().isEmpty() ? " may read nothing any more, since no service comes as it" : " may read " + Counted.of(database.tables().size(), "table"));
    }

    private SequencedMap<TableName, List<String>> wanted() {
        return SourceUser.rights(role.users().stream().sorted().toList(), database.files().stream().map(PipelineFile::pipeline).toList());
    }

    @Override
    public Check check() {
        var problems = new ArrayList<String>();
        if (!database.isSuperuser()) {
            missingSchemas().stream().filter(s -> database.isTrue("SELECT NOT has_schema_privilege(oid, 'USAGE WITH GRANT OPTION') FROM pg_namespace WHERE nspname = ?", s))
                    .forEach(s -> problems.add(refusal(usage(s), "the owner of the schema " + s)));
            missingTables().forEach((table, rights) -> {
                var grantable = rights.stream().map(r -> r + " WITH GRANT OPTION").toList();
                if (grantable.stream().anyMatch(right -> database.isTrue("SELECT NOT has_table_privilege(to_regclass(?), ?)", table.sql(), right))) {
                    problems.add(refusal(grant(table, rights), "the owner of the table " + table));
                }
            });
        }
        return Check.of(problems, Stream.of(actions(), shared().stream().map(right -> "note that the source " + role.source() + " needs " + right + " too").toList(), forgotten(unneeded())).flatMap(List::stream).toList());
    }

    private String refusal(String statement, String who) {
        return "Granting rights to the role " + role.name() + " of the source '" + database.name() + "': " + database.text("SELECT current_user") + " may not run "
                + statement + "; " + who + " or a superuser runs it first";
    }

    private List<String> missingSchemas() {
        var schemas = new TreeSet<String>();
        wanted().keySet().forEach(table -> schemas.add(table.schema()));
        boolean noRole = !database.exists(role);
        return schemas.stream().filter(schema -> noRole
                || !database.isTrue("SELECT has_schema_privilege(?, oid, 'USAGE') FROM pg_namespace WHERE nspname = ?", role.name(), schema)).toList();
    }

    private Map<TableName, List<String>> missingTables() {
        var missing = new LinkedHashMap<TableName, List<String>>();
        boolean noRole = !database.exists(role);
        wanted().forEach((table, rights) -> {
            var lacking = rights.stream().filter(right -> noRole || !database.isTrue("SELECT has_table_privilege(?, to_regclass(?), ?)", role.name(), table.sql(), right)).toList();
            if (!lacking.isEmpty()) {
                missing.put(table, lacking);
            }
        });
        return missing;
    }

    private String usage(String schema) {
        return "GRANT USAGE ON SCHEMA " + TableName.quote(schema) + " TO " + role.sql();
    }

    private String grant(TableName table, List<String> rights) {
        return "GRANT " + String.join(", ", rights) + " ON " + table.sql() + " TO " + role.sql();
    }

    private List<String> actions() {
        var actions = new ArrayList<String>();
        missingSchemas().forEach(schema -> actions.add(usage(schema)));
        missingTables().forEach((table, rights) -> actions.add(grant(table, rights)));
        revocable(unneeded()).forEach(right -> actions.add(revoke(right)));
        return actions;
    }

    private Set<String> needed() {
        var needed = new LinkedHashSet<String>();
        wanted().forEach((table, rights) -> {
            needed.add(USAGE + TableName.quote(table.schema()));
            rights.forEach(right -> needed.add(right + ON + table.sql()));
        });
        return needed;
    }

    /** Rights that were given, on tables and schemas that are still there, and that no pipeline of this source asks for now. */
    private List<String> unneeded() {
        var needed = needed();
        return given().stream().filter(right -> !needed.contains(right)).toList();
    }

    /** Rights that Millrace gave and this source needs, of which only another source or a former version has a note. */
    private List<String> shared() {
        var own = database.made(role.note());
        var noted = new HashSet<>(former());
        database.others().forEach(other -> noted.addAll(database.made(role.noteOf(other))));
        return needed().stream().filter(right -> noted.contains(right) && !own.contains(right) && isThere(right)).toList();
    }

    /** Rights that Millrace gave to this role, as far as this source has a part in them. */
    private List<String> given() {
        return Stream.concat(database.made(role.note()).stream(), former().stream()).distinct().filter(this::isThere).toList();
    }

    private List<String> former() {
        return role.isFiles() ? database.made(SourceRole.FORMER_RIGHT) : List.of();
    }

    /** Those that no other source of the database needs, nor may need. */
    private List<String> revocable(List<String> rights) {
        if (!database.unknown().isEmpty()) {
            return List.of();
        }
        var elsewhere = new HashSet<String>();
        database.others().forEach(other -> elsewhere.addAll(database.made(role.noteOf(other))));
        return rights.stream().filter(right -> !elsewhere.contains(right)).toList();
    }

    /** What is done about those of these rights that this source has noted and that stay. */
    private List<String> forgotten(List<String> rights) {
        var revocable = revocable(rights);
        var own = database.made(role.note());
        return rights.stream().filter(right -> own.contains(right) && !revocable.contains(right)).map(right -> "note that the source " + role.source() + " does not need " + right + " any more, which stays for another one").toList();
    }

    /** The notes that go with these rights: a former one is anybody's, and stays while there is a source that has no other. */
    private List<String> notes(List<String> rights) {
        return rights.stream().flatMap(right -> database.unknown().isEmpty() && role.isFiles() ? Stream.of(role.note() + right, SourceRole.FORMER_RIGHT + right) : Stream.of(role.note() + right)).toList();
    }

    private boolean isThere(String note) {
        return database.exists(role) && (note.startsWith(USAGE) ? database.isTrue("SELECT to_regnamespace(?) IS NOT NULL", note.substring(USAGE.length()))
                : database.isTrue("SELECT to_regclass(?) IS NOT NULL", note.substring(note.indexOf(ON) + ON.length())));
    }

    private String revoke(String note) {
        return "REVOKE " + note + " FROM " + role.sql();
    }

    @Override
    public void apply() {
        var given = new ArrayList<String>();
        missingSchemas().forEach(schema -> given.add(role.note() + USAGE + TableName.quote(schema)));
        missingTables().forEach((table, rights) -> rights.forEach(right -> given.add(role.note() + right + ON + table.sql())));
        shared().forEach(right -> given.add(role.note() + right));
        database.execute(actions(), given, notes(unneeded()));
    }

    @Override
    public Check removal() {
        return Check.of(List.of(), Stream.concat(revocable(given()).stream().map(this::revoke), forgotten(given()).stream()).toList());
    }

    @Override
    public List<String> staying() {
        var revocable = revocable(given());
        var staying = given().stream().filter(right -> !revocable.contains(right)).toList();
        if (staying.isEmpty()) {
            return List.of();
        }
        var unknown = database.unknown();
        return List.of("The role " + role.name() + " keeps " + Counted.of(staying.size(), "right") + ", because " + database.neighbours() + " stands on the same database"
                + (unknown.isEmpty() ? " and needs them" : " and what it needs is not noted; run ./millrace apply with its files, and this again, to have those taken back that it does not need") + ": " + String.join(", ", staying));
    }

    @Override
    public void remove() {
        var given = given();
        database.execute(revocable(given).stream().map(this::revoke).toList(), List.of(), notes(given));
    }

    @Override
    public Check adoption() {
        return Check.of(List.of(), unnoted().stream().map(note -> "take over the right " + note).toList());
    }

    private List<String> unnoted() {
        if (!database.exists(role) || database.isAdmin(role)) {
            return List.of();
        }
        var noted = given();
        var held = new ArrayList<String>();
        wanted().forEach((table, rights) -> {
            if (database.isTrue("SELECT EXISTS (SELECT FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = ? AND a.grantee = to_regrole(?))", table.schema(), role.sql())) {
                held.add(USAGE + TableName.quote(table.schema()));
            }
            rights.stream().filter(right -> database.isTrue("SELECT EXISTS (SELECT FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = to_regclass(?) AND a.grantee = to_regrole(?) AND a.privilege_type = ?)",
                    table.sql(), role.sql(), right)).forEach(right -> held.add(right + ON + table.sql()));
        });
        return held.stream().distinct().filter(note -> !noted.contains(note)).toList();
    }

    @Override
    public void adopt() {
        database.execute(List.of(), unnoted().stream().map(note -> role.note() + note).toList(), List.of());
    }
}
