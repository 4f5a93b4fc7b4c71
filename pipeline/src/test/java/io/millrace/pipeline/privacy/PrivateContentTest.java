package io.millrace.pipeline.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.comparison.Differences.Difference;
import io.millrace.pipeline.file.PipelineFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrivateContentTest {

    private static final String FILE = """
            millrace: 1
            name: people
            source: {name: demo, url: {env: U}, user: {env: V}, password: {env: W}}
            tables:
              public.person: {private: [email, born], columns: {contact: {concat: [email, phone]}}}
              public.note: {private: [body]}
              public.membership: {private: [fee]}
            document:
              root: public.person
              fields: [id, name, email, {mail.domain: {lower: email}}, {call: contact}]
              one:
                lead: {table: public.person, join: {lead_id: id}, fields: [name, born]}
                leadMail: {table: public.person, join: {lead_id: id}, flatten: email}
              many:
                notes: {table: public.note, join: {id: person_id}, fields: [title, body]}
                bodies: {table: public.note, join: {id: person_id}, flatten: body}
                longest: {table: public.note, join: {id: person_id}, aggregate: {max: body}}
                written: {table: public.note, join: {id: person_id}, aggregate: {count: body}}
                clubs: {table: public.club, through: {table: public.membership, join: {id: person_id}, to: {club_id: id}, fields: [fee, since]}, fields: [name]}
            """;

    @TempDir
    Path folder;

    private PrivateContent of(String file) throws IOException {
        return PrivateContent.of(PipelineFiles.load(List.of(Files.writeString(folder.resolve("people.yaml"), file))).getFirst().pipeline());
    }

    @Test
    void what_is_made_of_a_private_column_is_hidden_wherever_it_stands_and_all_else_is_told() throws IOException {
        var content = of(FILE);
        assertFalse(content.isEmpty());
        Stream.of("$.email", "$.mail.domain", "$.call", "$.lead.born", "$.lead", "$.leadMail", "$.notes[3].body", "$.notes[3]", "$.notes", "$.bodies", "$.bodies[0]", "$.longest", "$.clubs[0].fee", "$")
                .forEach(path -> assertEquals(new Difference(path, "\"(private)\"", null), content.masked(new Difference(path, "\"ada@example.org\"", null)), path));
        Stream.of("$.id", "$.name", "$.lead.name", "$.notes[3].title", "$.written", "$.clubs[0].since", "$.clubs[0].name", "$.emails", "$.unheard")
                .forEach(path -> assertEquals(new Difference(path, "1", "2"), content.masked(new Difference(path, "1", "2")), path));
    }

    @Test
    void the_places_of_a_document_say_what_is_hidden_in_it() throws IOException {
        var document = of(FILE).document();
        assertTrue(document.member("email").isPrivate());
        assertTrue(document.member("notes").member("body").isPrivate());
        assertFalse(document.member("notes").isPrivate());
        assertTrue(document.member("notes").isTouched());
        assertFalse(document.member("name").isTouched());
        assertTrue(document.member("longest").member("anything").isPrivate(), "what is below a private value is private");
    }

    @Test
    void a_file_that_names_none_hides_nothing() throws IOException {
        assertTrue(of(FILE.replaceAll("private: \\[.*?], ?", "").replaceAll("(?m)^  public.(note|membership):.*\n", "")).isEmpty());
    }
}
