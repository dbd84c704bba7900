package cma

import (
	"net/http"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// spaceOf shows a space.
func spaceOf(id string) store.Object {
	return store.Object{
		"name": id,
		"sys": store.Object{
			"type": "Space", "id": id, "version": 1, "createdAt": "2020-01-01T00:00:00Z", "updatedAt": "2020-01-01T00:00:00Z",
			"organization": store.Link{LinkType: "Organization", ID: organization}.Object(),
		},
	}
}

// organization is the id of the only organization.
const organization = "segue-organization"

func getSpace(c *call) (reply, error) {
	return reply{http.StatusOK, spaceOf(c.scope.Space)}, nil
}

func listSpaces(c *call) (reply, error) {
	items := []any{}
	for _, id := range c.api.store.Spaces() {
		items = append(items, spaceOf(id))
	}
	return reply{http.StatusOK, array(items)}, nil
}

func organizationOf(id string) store.Object {
	return store.Object{"name": id, "sys": store.Object{"type": "Organization", "id": id, "version": 1}}
}

func listOrganizations(*call) (reply, error) {
	return reply{http.StatusOK, array([]any{organizationOf(organization)})}, nil
}

func getOrganization(c *call) (reply, error) {
	return reply{http.StatusOK, organizationOf(c.scope.Organization)}, nil
}

func getUser(*call) (reply, error) {
	return reply{http.StatusOK, store.Object{
		"firstName": "Local", "lastName": "Editor", "email": "editor@example.com", "activated": true, "confirmed": true, "signInCount": 1,
		"sys": store.Object{"type": "User", "id": "segue-user", "version": 1},
	}}, nil
}

// emptyList answers for what is never there.
func emptyList(*call) (reply, error) { return reply{http.StatusOK, array([]any{})}, nil }
