package web

// viewTables are the tables of which view needs which pieces, one per part of the product.
var viewTables = []map[string][]string{commonViews, actionViews, adminViews, grantViews}

// commonViews are what every part needs.
var commonViews = map[string][]string{
	"error": {"layout"},
	"keys":  {"layout"},
}

// actionViews are the pages about actions.
var actionViews = map[string][]string{
	"actions":        {"layout", "pull", "action_rows", "state"},
	"action_filters": {"layout"},
	"action":         {"layout", "state", "field"},
	"action_purge":   {"layout", "inputs"},
}
