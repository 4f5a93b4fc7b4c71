package io.millrace.denormalizer.join.state;

import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.Planner;
import io.millrace.pipeline.shape.DocumentShape;
import io.millrace.pipeline.shape.ShapeChange;
import io.millrace.pipeline.shape.ShapeComparison;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * How the file is gone on with by a partition's state.
 *
 * @param plan the file's, with the columns where the state's rows have them
 * @param base what the state was built for
 * @param isReshaped whether documents may be out that have other members than the file says
 */
public record Continuation(Plan plan, DocumentShape base, boolean isReshaped) {

    /**
     * @param fresh the file's plan as it is without state
     * @throws IncompatibleStateException when the state cannot become that of the file
     */
    public static Continuation of(Plan fresh, StoredShape stored) {
        var fingerprint = stored.fingerprint();
        var base = stored.base();
        if (fingerprint == null || base == null && fresh.fingerprint().accepts(fingerprint)) {
            return new Continuation(fresh, fresh.fingerprint().shape(), false);
        }
        if (base == null) {
            throw new IncompatibleStateException("The state of the pipeline " + fresh.pipeline() + " was built for another shape of its documents (" + fingerprint + ", the file now asks for " + fresh.fingerprint()
                    + "), by a version of this service that did not note which. Start this version once with document as it was; after that it can tell what is different", List.of());
        }
        var changes = new LinkedHashSet<ShapeChange>();
        stored.shapes().forEach(shown -> changes.addAll(ShapeComparison.between(base, shown, fresh.file())));
        compare("the root table has another primary key", DocumentShape.KEY, base, fresh, changes);
        compare("the steps of your own on finished documents, or their versions, are others", DocumentShape.STEPS, base, fresh, changes);
        compare("this version of the service stores rows in another form", DocumentShape.FORMAT, base, fresh, changes);
        if (changes.stream().anyMatch(change -> !change.isInPlace())) {
            throw new IncompatibleStateException("The state of the pipeline " + fresh.pipeline() + " was built for another shape of its documents", List.copyOf(changes));
        }
        var objects = ShapeComparison.objects(changes);
        return new Continuation(Planner.plan(fresh, base, objects), base, !objects.isEmpty());
    }

    private static void compare(String because, String kind, DocumentShape base, Plan fresh, Set<ShapeChange> changes) {
        var before = base.texts(kind);
        var now = fresh.fingerprint().shape().texts(kind);
        if (!before.equals(now)) {
            changes.add(new ShapeChange.Other("", because + ": " + String.join(", ", now) + ", where it has " + String.join(", ", before)));
        }
    }
}
