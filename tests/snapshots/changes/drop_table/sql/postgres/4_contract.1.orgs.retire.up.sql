DROP TABLE "orgs";
